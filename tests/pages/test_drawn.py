"""Pictures in plain HTML say what they show, and texts from outside stay texts."""

from urllib.parse import unquote
from xml.etree import ElementTree

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from spectra.ui import drawn
from tests.pages.conftest import shares


def _drawn(picture, *arguments, **named) -> AppTest:
    """An app of one picture."""
    app = AppTest.from_string("import streamlit as st\nst.session_state.draw()")
    app.session_state["draw"] = lambda: picture(*arguments, **named)
    return app.run()


def _line(app: AppTest) -> list[list[float]]:
    body = unquote(app.get("html")[0].proto.body)
    svg = body[body.index("<svg") : body.index("</svg>") + len("</svg>")]
    line = ElementTree.fromstring(svg)[1]  # noqa: S314 (it is our own)
    return [[float(part) for part in point.split(",")] for point in line.get("points").split()]


@pytest.mark.parametrize(
    ("values", "heights"),
    [([1.0, 3.0, 2.0], [29, 1, 15]), ([5.0, 5.0], [29, 29]), ([0.0, -2.0], [1, 29])],
)
def test_a_trend_goes_from_the_lowest_to_the_highest(values, heights):
    line = _line(_drawn(drawn.trend, values, alt="so"))
    assert [y for _, y in line] == heights
    assert (line[0][0], line[-1][0]) == (0, 100)


def test_shares_are_bars_and_a_missing_one_is_none():
    rows = pd.DataFrame(
        {"name": ["<b>a&b</b>", "c"], "co2e": ["1 kg", "not known"], "share": [0.25, None]}
    )
    app = _drawn(drawn.shares, rows, "Team", alt='by "team": 1 kg')
    shown = shares(app)['by "team"']
    assert shown.to_dict("list") == {
        "name": ["<b>a&b</b>", "c"], "co2e": ["1 kg", "not known"], "share": ["25.0 %", "n/a"],
    }  # fmt: skip
    body = app.get("html")[0].proto.body
    assert body.count("linear-gradient") == 1
    assert " / 25.0% " in body
