"""Which machines move where, and what is taken for granted of the move."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from spectra.carbon.energy import NETWORK_KWH_PER_GB
from spectra.insight.regions.move_model import Assumptions
from spectra.migration import LEAST_DAYS, MOST_DAYS
from spectra.store import fleet_queries, move_queries
from spectra.store.selection import Selection
from spectra.ui.frame import Page

BY = ("Team", "Tag", "Instances")
ALL = "All regions"


def machines(page: Page) -> pd.DataFrame:
    """Machines chosen by team, tag or name within the sidebar's filters.

    Rows of `move_queries.workloads`.
    """
    everything = _within(page.selection, page.get(move_queries.workloads))
    by = st.segmented_control("Choose by", BY, default=BY[0], required=True, key="move_by",
                              persist_state="session")  # fmt: skip
    match by:
        case "Tag":
            found = _within(page.selection, _by_tag(page))
        case "Instances":
            found = _by_name(everything)
        case _:
            teams = list(everything["team"].value_counts().index)
            team = st.selectbox("Team", teams, key="move_team", width=220,
                                persist_state="session")  # fmt: skip
            found = everything[everything["team"] == team]
    regions = sorted(found["region"].unique())
    if len(regions) > 1:
        chosen = st.selectbox("In", [ALL, *regions], key="move_from", width=180,
                              persist_state="session")  # fmt: skip
        if chosen != ALL:
            found = found[found["region"] == chosen]
    return found.reset_index(drop=True)


def _within(selection: Selection, found: pd.DataFrame) -> pd.DataFrame:
    """Machines that the sidebar's filters leave."""
    filters = (
        ("region", selection.regions),
        ("team", selection.teams),
        ("environment", selection.environments),
    )
    for column, wanted in filters:
        if wanted:
            found = found[found[column].isin(wanted)]
    return found


def _by_tag(page: Page) -> pd.DataFrame:
    keys = list(page.get(fleet_queries.tag_keys)["tag_key"])
    if not keys:
        return page.get(move_queries.workloads).head(0)  # type: ignore[no-any-return]
    key = st.selectbox("Tag", keys, key="move_tag", width=180, persist_state="session")
    values = page.get(move_queries.tag_values, key)
    value = st.selectbox("Value", values, key=f"move_value_{key}", width=200,
                         persist_state="session")  # fmt: skip
    found: pd.DataFrame = page.get(move_queries.tagged, key, value)
    return found


def _by_name(everything: pd.DataFrame) -> pd.DataFrame:
    labels = {
        str(row["instance_id"]): f"{row['name'] or row['instance_id']} · {row['instance_type']} · "
        f"{row['region']}"
        for row in everything.to_dict("records")
    }
    chosen = st.multiselect("Instances", list(labels), format_func=labels.__getitem__,
                            key="move_ids", placeholder="Choose some", width=460,
                            persist_state="session")  # fmt: skip
    return everything[everything["instance_id"].isin(chosen)]


def assumptions(volumes_gb: pd.Series) -> Assumptions:
    """What may be changed of the move; every default is on screen.

    Parameters
    ----------
    volumes_gb : Series
        Size of each machine's volumes, NaN where it is not known [GB].
    """
    known = f"{volumes_gb.sum():,.0f}, " if volumes_gb.notna().any() else ""
    of_all = "all their volumes" if volumes_gb.notna().all() else "the volumes that are known"
    with st.expander("Assumptions", icon=":material/tune:"):
        first, second, third = st.columns(3)
        with first:
            gb = st.number_input(
                "Data moved once [GB]", 0.0, 1e9, None, 100.0, "%.0f", key="move_gb",
                persist_state="session",
                placeholder=f"{known}{of_all}" if known else "not known",
                help="Empty: the size of the attached volumes. A copy of an image sends what is "
                "written, which may be less.",
            )  # fmt: skip
            network = st.number_input(
                "Energy of traffic [kWh/GB]", 0.0, 0.1, NETWORK_KWH_PER_GB, 0.0005, "%.4f",
                key="move_network", persist_state="session",
                help="Published figures go from 0.0005 to 0.01.",
            )  # fmt: skip
        with second:
            dual = st.number_input("Both run for [h]", 0.0, 2_000.0, 24.0, 12.0, "%.0f",
                                   key="move_dual", persist_state="session")  # fmt: skip
            kept = st.number_input("Volumes kept at the source [days]", 0.0, 365.0, 7.0, 1.0,
                                   "%.0f", key="move_kept", persist_state="session")  # fmt: skip
        with third:
            replicated = st.number_input(
                "Traffic back and forth afterwards [GB/h]", 0.0, 1e6, 0.0, 0.1, "%.2f",
                key="move_replication", persist_state="session",
                help="What goes on between both regions after the move.",
            )  # fmt: skip
            egress = st.number_input(
                "Price of traffic [USD/GB]", 0.0, 10.0, None, 0.01, "%.3f", key="move_egress",
                persist_state="session",
                placeholder="Not known", help="AWS's price between these regions; it is not in "
                "the catalogue.",
            )  # fmt: skip
        days = st.slider("Past days replayed", LEAST_DAYS, MOST_DAYS, 90, 5, key="move_days",
                         persist_state="session")  # fmt: skip
    return Assumptions(gb, network, dual, kept, replicated, egress, days)
