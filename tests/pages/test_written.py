"""What all views write: times with a zone, no missing value by its name, charts in words."""

import json
import re

from tests.pages.conftest import ROOT, open_page
from tests.pages.test_tables import without_a_file

VIEWS = {
    "dashboard": ("", ("",)),
    "regions": ("region_view", ("Map and hours", "Compare", "Move", "Moves made")),
    "anomalies": ("anomaly_view", ("Attention", "One incident", "Planned events", "Sensitivity")),
    "instances": ("view", ("Fleet", "One machine", "Waste", "What if", "Changes", "Results")),
    "scheduler": ("", ("",)),
    "budgets": ("budget_view", ("Overview", "One budget", "Allocation", "Chargeback", "Change")),
    "reports": ("reports_view", ("Report", "History")),
    "settings": ("section", ("Workspace", "Automation", "Data", "Usage")),
}
MISSING = re.compile(r"(?<![\w-])(nan|None|NaT|inf|<NA>)(?![\w-])")
CLOCK = re.compile(r"\b\d{1,2}:\d\d\b")
ZONE = re.compile(r"UTC|[+-]\d{4}\b|\b[A-Z][a-z]+/[A-Z]")
TEXTS = (
    "title",
    "header",
    "subheader",
    "markdown",
    "caption",
    "info",
    "warning",
    "success",
    "error",
)


def texts(app) -> list[str]:
    """All sentences and headline figures of a view."""
    found = [element.value for kind in TEXTS for element in app.get(kind)]
    for metric in app.metric:
        found += [metric.value, metric.delta, metric.help]
    charts = [*app.get("plotly_chart"), *app.get("vega_lite_chart")]
    return [text for text in (*found, *(chart.proto.alt for chart in charts)) if text]


def is_parted(form: str | None, values) -> bool:
    """Whether thousands are set apart: by its format, or as it has none of them."""
    if form is None:
        return not (values.abs() >= 1_000).any()
    return not form.startswith(("%", "$")) or "," in form


def wrong_in_tables(app) -> list[str]:
    """Columns of moments whose heading names no zone, of numbers that run on from a thousand,
    shares of now one and now two digits, and cells that spell out a missing value.
    """
    found = []
    for element in app.dataframe:
        frame, config = element.value, json.loads(element.proto.columns or "{}")
        for name in element.proto.column_order or map(str, frame.columns):
            if name not in frame:
                continue
            heading = str(config.get(name, {}).get("label") or name)
            form = (config.get(name, {}).get("type_config") or {}).get("format")
            if form == "percent" and config[name]["type_config"].get("step") != 0.001:
                found.append(f"digits of {heading}")
            if frame[name].dtype.kind in "iuf" and not is_parted(form, frame[name]):
                found.append(f"thousands of {heading}")
            if "CO2" in heading:
                found.append(f"no subscript in {heading}")
            if frame[name].dtype.kind == "M" and "UTC" not in heading:
                found.append(f"column {heading}")
            if frame[name].dtype == object or frame[name].dtype.name == "str":
                cells = [cell for cell in frame[name] if isinstance(cell, str)]
                found += [f"{heading}: {cell}" for cell in cells if MISSING.search(cell)]
                found += [f"{heading}: {cell}" for cell in cells
                          if CLOCK.search(cell) and not ZONE.search(heading + cell)]  # fmt: skip
    return found


def test_every_view_writes_alike(demo):
    wrong, charts = [], 0
    for name, (parameter, views) in VIEWS.items():
        for view in views:
            app = open_page(name, period="7 days", **({parameter: view} if view else {}))
            assert not app.exception, (name, view)
            found = [text for text in texts(app) if MISSING.search(text)]
            found += [text for text in texts(app) if CLOCK.search(text) and not ZONE.search(text)]
            found += [f"chart “{chart.proto.alt}”" for chart in app.get("plotly_chart")
                      if not re.search(r"\d.*\.$", chart.proto.alt)]  # fmt: skip
            found += [text for text in texts(app) if "CO2" in text and "`" not in text]
            charts += len(app.get("plotly_chart"))
            wrong += [
                f"{name} {view}: {text}"
                for text in found + wrong_in_tables(app) + without_a_file(app)
            ]
    assert wrong == []
    assert charts >= 15


def test_figures_are_drawn_and_written_in_one_place_each():
    sources = [*(ROOT / "pages").rglob("*.py"), *(ROOT / "spectra" / "ui").rglob("*.py")]
    by_name = {path.name: path.read_text() for path in sources if path.name != "cards.py"}
    assert not [name for name, text in by_name.items() if "st.plotly_chart" in text]
    # Decimals and per cent in sentences are units.py's; columns of tables have their own.
    own = re.compile(r"\{[^{}]*:[+,]*\.(?:[1-9][ef]|\d%)\}")
    found = {name: own.findall(text) for name, text in by_name.items() if own.search(text)}
    assert found == {}
