"""The sections of the Settings page that show and explain: workspace, sources, method."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from spectra import checks, units
from spectra.store import fleet_queries, grid_queries
from spectra.ui import cards, empty, names, private
from spectra.ui.frame import Page
from spectra.ui.settings import forms, policies, private_keys, sources
from spectra.ui.settings.checks import test_button


def workspace_section(page: Page) -> None:
    """Whose data this is, and what each column of it comes from."""
    is_private = page.workspace.is_private
    st.markdown(
        "**A private workspace of this session.** The keys you typed live in the memory of this "
        "session: in no file, no log and no other visitor's view. What they fetched is this "
        "session's alone; of a large fleet, what memory does not hold lies on the server for a "
        "while, encrypted with a key that is in memory alone. All of it ends with the session, and "
        "reloading the page ends it too."
        if is_private
        else "**The shared workspace.** It holds demo data and what the operator's own "
        "configuration fetched; every visitor sees the same. Keys typed under AWS or "
        "under Grids and latency open a private workspace for this session alone."
    )
    modes = _modes(page)
    st.dataframe(
        modes, hide_index=True, width="stretch", height="content",
        column_config={"In use": st.column_config.TextColumn(width="medium"),
                       "How to change it": st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    cards.download(modes, "workspace")
    if is_private and st.button(
        "End the private workspace", icon=":material/logout:", key="end_private"
    ):
        private.close()
        st.rerun()
    if page.workspace.config.public:
        st.info(
            "This deployment is public: shared settings and data belong to its operator.",
            icon=":material/lock:",
        )
    sources.section(page, datetime.now(UTC))
    forms.section(page, "Workspace")


def _modes(page: Page) -> pd.DataFrame:
    """One row a column of data: where it comes from now."""
    setup = page.workspace.setup
    status = page.get(grid_queries.status)
    fleets, grids = set(status["fleets"] or ()), set(status["all_grids"] or ())
    costs = set(status["costs"] or ())
    config, connections = page.workspace.config, setup.connections
    latency = [
        name
        for name, is_on in (
            ("Cloudflare Radar", connections.radar is not None),
            ("TCP probe", config.latency_probe),
        )
        if is_on
    ]
    rows = [
        ("Carbon intensity", _named(grids), connections.electricity_maps is not None,
         "A key under Grids and latency, or portal files under Data"),
        ("Fleet and utilisation", _named(fleets), connections.aws is not None,
         "Keys, a role or a profile under AWS"),
        ("Cost", _named(costs), connections.aws is not None and config.cost_explorer,
         "With AWS; Cost Explorer can be switched off there"),
        ("Latency", ", ".join(latency) or "none", bool(latency),
         "A token or the TCP probe under Grids and latency"),
    ]  # fmt: skip
    return pd.DataFrame(
        [
            {
                "Column": name,
                "In use": source,
                "Connection": "✓ connected" if is_live else "○ not connected",
                "How to change it": advice,
            }
            for name, source, is_live, advice in rows
        ]
    )


def _named(sources: set[str]) -> str:
    return ", ".join(names.sources(sources)) or "none"


def aws_section(page: Page) -> None:
    """Keys, their test, and what to copy into the account."""
    setup = page.workspace.setup
    if setup.connections.aws is not None:
        whose = "this session's keys" if page.workspace.is_private else "the operator's setup"
        st.success(f"Connected with {whose}. Keys are never shown.", icon=":material/check:")
        cost = units.usd_text(checks.aws_usd(setup.connections.aws))
        test_button(
            page,
            "aws",
            "Test access and permissions",
            lambda: checks.check_aws(
                setup.connections.aws, cost_per_resource=setup.config.cost_per_resource
            ),
            help=f"Signs in and asks for every permission once. Costs {cost} (Cost Explorer).",
        )
    else:
        st.markdown(
            "Not connected. Type keys for this session, or configure the shared workspace with "
            "environment variables or `secrets.toml` (see *For the operator* below)."
        )
    with st.expander(
        "Keys for this session", icon=":material/key:", expanded=setup.connections.aws is None
    ):
        st.caption(
            "Temporary keys of a read-only role are best. The form is emptied at once; the keys "
            "stay in the memory of this session alone."
        )
        private_keys.aws_form()
    forms.section(page, "AWS")
    with st.expander("IAM policy for reading", icon=":material/policy:"):
        st.caption("Every action that SPECTRA calls, and no other. None can be narrowed further.")
        st.code(policies.read_policy(), language="json")
    with st.expander("The role as a CloudFormation template", icon=":material/cloud:"):
        st.code(policies.cloudformation(), language="yaml")
    with st.expander("IAM policy for actions (off unless you enable it)", icon=":material/build:"):
        st.caption(
            "For a separate role. Only instances and volumes with the tag below can be changed; "
            "SPECTRA itself asks for the tag too."
        )
        st.code(policies.action_policy(page.workspace.config.actions_tag), language="json")
    with st.expander("For the operator: secrets.toml", icon=":material/settings:"):
        st.code(policies.SECRETS_TOML, language="toml")
        st.caption("Or environment variables of the same names, such as SPECTRA_AWS_ROLE_ARNS.")


def grids_section(page: Page) -> None:
    """Electricity Maps, Cloudflare Radar and the probe."""
    connections, config = page.workspace.setup.connections, page.workspace.config
    st.header("Electricity Maps", anchor=False)
    st.markdown(
        "Live carbon intensity by zone. "
        + ("Connected." if connections.electricity_maps else "Not connected.")
    )
    zones = page.catalog.zones_of(config.regions)
    test_button(
        page,
        "electricity_maps",
        "Test the key",
        lambda: [checks.check_electricity_maps(connections.electricity_maps, zones)],
        help="Reads what the plan of the key allows; one request.",
    )
    private_keys.electricity_maps_form(page)
    forms.section(page, "Electricity Maps")
    st.header("Cloudflare Radar", anchor=False)
    st.markdown(
        "Round-trip times between Cloudflare's edge and each AWS region. "
        + ("Connected." if connections.radar else "Not connected.")
        + " Source: Cloudflare Radar."
    )
    test_button(
        page,
        "cloudflare_radar",
        "Test the token",
        lambda: [checks.check_radar(connections.radar)],
        help="One request.",
    )
    private_keys.cloudflare_form(page)
    forms.section(page, "Cloudflare")


def tags_section(page: Page) -> None:
    """Which tag keys mean what, beside those that the fleet has."""
    st.markdown(
        "Keys and values are compared without case and extra spaces. A resource without a value "
        "is *unallocated*; a volume without one belongs to the team of its instance."
    )
    forms.section(page, "Tags")
    found = page.get(fleet_queries.tag_keys)
    if found.empty:
        empty.say("No resource of the present fleet has tags.",
                  "Tag them in AWS. Until then nobody owns them, and rules can deal them out.",
                  empty.Link("pages/budgets.py", "Rules of allocation", ":material/rule:",
                             {"budget_view": "Allocation"}))  # fmt: skip
        return
    st.header("Tag keys of the present fleet", anchor=False)
    st.dataframe(
        found, hide_index=True, width="stretch", height="content",
        column_config={
            "tag_key": "Key",
            "resource_count": st.column_config.NumberColumn("Resources", format="localized"),
            "examples": st.column_config.ListColumn("Some values"),
        },
    )  # fmt: skip
    cards.download(lambda: found.assign(examples=found["examples"].map("; ".join)), "tag_keys")


def method_section(page: Page) -> None:
    """The choices within the method; the rest is fixed and on the Method page."""
    st.markdown(
        "A new service life, PUE or power curve computes every hour anew whose day is not rolled "
        "up, and reports name it. A new emission factor computes no hour anew: grid figures start "
        "with it, and scope 2 always counts direct factors."
    )
    forms.section(page, "Method")
    st.page_link("pages/method.py", label="All formulas and constants", icon=":material/function:")
