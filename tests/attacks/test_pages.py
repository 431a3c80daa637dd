"""Every page and view over the hostile fleet: no exception, and hostile text stays text."""

from tests.attacks.asked import views
from tests.attacks.rendered import live_marks
from tests.pages.conftest import open_app


def test_every_view_shows_hostile_text_as_text(hostile):
    app = open_app()
    found = {}
    for page, (parameter, options) in views().items():
        for view in options or (None,):
            if view:
                app.query_params[parameter] = view
                app.session_state[parameter] = view
            app.switch_page(f"pages/{page}.py").run()
            place = f"{page} {view or ''}".strip()
            assert not app.exception, (place, [e.value for e in app.exception])
            found[place] = live_marks(app)
    assert {place: marks for place, marks in found.items() if marks} == {}
