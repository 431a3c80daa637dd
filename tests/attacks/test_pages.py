"""Every page and view over the hostile fleet: no exception, and hostile text stays text."""

from tests.attacks.rendered import live_marks
from tests.pages.conftest import open_app

VIEWS = {
    "dashboard": ("", ()),
    "regions": ("region_view", ("Map and hours", "Compare", "Move", "Moves made")),
    "instances": ("view", ("Fleet", "One machine", "Waste", "What if", "Changes", "Results")),
    "anomalies": ("anomaly_view", ("Attention", "One incident", "Planned events", "Sensitivity")),
    "budgets": ("budget_view", ("Overview", "One budget", "Allocation", "Chargeback", "Change")),
    "reports": ("reports_view", ("Report", "History")),
    "scheduler": ("", ()),
    "settings": ("section", ("Workspace", "AWS", "Grids and latency", "Tags", "Automation", "Data",
                             "Usage")),
    "method": ("", ()),
}  # fmt: skip


def test_every_view_shows_hostile_text_as_text(hostile):
    app = open_app()
    found = {}
    for page, (parameter, views) in VIEWS.items():
        for view in views or (None,):
            if view:
                app.query_params[parameter] = view
                app.session_state[{"view": "view"}.get(parameter, parameter)] = view
            app.switch_page(f"pages/{page}.py").run()
            place = f"{page} {view or ''}".strip()
            assert not app.exception, (place, [e.value for e in app.exception])
            found[place] = live_marks(app)
    assert {place: marks for place, marks in found.items() if marks} == {}
