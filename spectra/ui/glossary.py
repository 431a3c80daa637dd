"""What each headline means, with a link to its formula on the Method page."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from spectra.ui import guide

METHOD_PAGE = "pages/method.py"


class Term(NamedTuple):
    """A headline's word, what it means in a sentence, and the topic of the Method page."""

    word: str
    meaning: str
    topic: str


TERMS = (
    Term(
        "CO₂e now",
        "Grams per hour that the selected fleet emits in the running hour: power at its measured "
        "load, times the grid's intensity in that hour, plus the hardware's embodied share.",
        "Energy",
    ),
    Term(
        "Today, this month",
        "Sums of complete hours in UTC, against the same hours of the day or month before.",
        "Intensity",
    ),
    Term(
        "Low and high",
        "95 % interval. Errors of the power model, PUE and embodied figures are shared by all "
        "instances, so a larger fleet does not make them smaller.",
        "Uncertainty",
    ),
    Term(
        "Scopes",
        "AWS's own operations, allocated to us. In our inventory all of it is scope 3 category 1.",
        "Scopes",
    ),
    Term(
        "Embodied",
        "Making the servers, spread over six years and charged per running hour.",
        "Embodied",
    ),
    Term(
        "Fleet intensity",
        "Grid intensity (lifecycle) weighted by the energy the fleet uses in each hour.",
        "Intensity",
    ),
    Term(
        "Could be saved",
        "What idle and over-provisioned machines would have emitted less in the last four weeks, "
        "stopped or on the type proposed, replayed hour by hour.",
        "Savings",
    ),
    Term(
        "Incident",
        "Alerts of the same machine, grid or team that belong together, with what they emitted and "
        "cost beyond the usual. What is idle or forgotten counts in full.",
        "Incidents",
    ),
    Term(
        "Budget",
        "What a team, an environment or a tag may emit in a month, quarter or year. Expected is "
        "where the period will end at the pace of four weeks, overrun how likely that is above it. "
        "Of a team it is after the rules of allocation; Dashboard and report go by the tag.",
        "Budget outlook",
    ),
    Term(
        "Coverage",
        "Share of energy whose inputs were stated by a source, not filled in.",
        "Utilisation",
    ),
)


def popover() -> None:
    """The help button of the status line."""
    with st.popover("What is this?", icon=":material/help:", type="tertiary"):
        guide.offer()
        for term in TERMS:
            st.markdown(f"**{term.word}.** {term.meaning}")
            st.page_link(
                METHOD_PAGE,
                label=f"Formula: {term.topic.lower()}",
                icon=":material/function:",
                query_params={"topic": term.topic},
            )
