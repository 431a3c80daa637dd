"""Asking for a change: buttons that turn chosen resources into plans and open the Changes view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from spectra import actions
from spectra.actions.plan import Kind, Plan, Target
from spectra.actions.targets import targets
from spectra.errors import SpectraError
from spectra.store import Store
from spectra.ui import empty, landing
from spectra.ui.frame import Page

# In the session: plans, why some could not be made, and what became of the last ones.
PLANS, REFUSED, OUTCOMES = "_plans", "_plans_refused", "_plan_outcomes"
# Identity of the store that the plans are about: they end with a private workspace.
STORE = "_plans_store"
VIEW = "Changes"
TO_FLEET = empty.Turn("Choose machines in Fleet", ":material/dns:", {"view": "Fleet"})
VERBS = {
    "stop": "Stop",
    "start": "Start",
    "resize": "Change the type",
    "terminate": "Snapshot and terminate",
    "delete volume": "Snapshot and delete",
    "change volume type": "Change the volume type",
}


def button(  # noqa: PLR0913 (the parts of one request)
    page: Page,
    verb: str,
    kind: Kind,
    ids: Sequence[str],
    *,
    wanted: Mapping[str, str] | None = None,
    key: str,
    label: str = "",
) -> None:
    """A button that plans something for resources; nothing is changed by it.

    Parameters
    ----------
    wanted : mapping, optional
        New type by resource, where the verb gives one.
    """
    if not page.workspace.may_change:
        return
    st.button(
        label or f"Plan: {VERBS[verb].lower()}",
        key=key,
        icon=":material/checklist:",
        disabled=not ids,
        on_click=plan,
        args=(page.store, verb, kind, tuple(ids), dict(wanted or {})),
        help="Shows every call and the way back first.",
    )


def plan(
    store: Store, verb: str, kind: Kind, ids: Sequence[str], wanted: Mapping[str, str]
) -> None:
    """Plan something for resources and hand it to the Changes view, with what was refused."""
    plans: list[Plan] = []
    refused: list[str] = []
    for target in targets(store, kind=kind, ids=set(ids)):
        try:
            plans.append(build(verb, target, wanted.get(target.resource_id, "")))
        except SpectraError as error:
            refused.append(str(error))
    missing = len(ids) - len(plans) - len(refused)
    if missing:
        refused.append(f"Not there any more, or an autoscaling group: {missing} of them.")
    keep(store, plans, refused)


def keep(store: Store, plans: list[Plan], refused: list[str]) -> None:
    """Hand plans to the Changes view, which is what the Instances page shows next."""
    st.session_state[PLANS], st.session_state[REFUSED] = plans, refused
    st.session_state[STORE] = store.identity
    st.session_state["view"] = VIEW
    landing.on_heading()


def build(verb: str, target: Target, wanted: str) -> Plan:
    """The plan of a verb for one resource.

    Raises
    ------
    InputError
        If the resource has what is wanted already, or cannot get it.
    """
    match verb:
        case "stop":
            return actions.stop(target)
        case "start":
            return actions.start(target)
        case "resize":
            return actions.resize(target, wanted)
        case "terminate":
            return actions.terminate(target)
        case "delete volume":
            return actions.delete_volume(target)
    return actions.change_volume_type(target, wanted)
