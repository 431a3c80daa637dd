"""From the estimate of a move to its plan: what has to be chosen there, and the guarded path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from spectra import actions, move_history
from spectra.actions.plan import Plan, Target
from spectra.actions.runners import Runners
from spectra.actions.targets import targets
from spectra.errors import SpectraError
from spectra.insight.regions.move_model import Estimate
from spectra.sources.aws.choices import Choices, Place
from spectra.ui import cards
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.instances import asking

# In the session: what AWS said can be chosen, by source and target.
_CHOICES = "_move_choices"
DEFAULT, NONE = "the default of the VPC", "none"


def plan_card(page: Page, made: Estimate) -> None:
    """Chooses what a copy needs in the target region, and plans the move of every machine.

    Nothing is changed here: the plans are read, checked, confirmed and carried out under Changes.
    """
    with cards.card("Carrying it out"):
        covered = len(made.machines)
        st.markdown(
            f"The estimate covers {covered} machine{'s' if covered > 1 else ''}. "
            "A machine moves by an image: made in its region, copied, launched and checked in "
            f"{made.target}. Only then is the source stopped; it is never terminated."
        )
        if not page.workspace.may_change:
            st.caption("This deployment is public: nothing is changed from here.")
            return
        found = list(targets(page.store, kind="instance", ids=set(made.machines["instance_id"])))
        if not found:
            st.caption("None of these machines runs any more.")
            return
        runners = Runners(page.store, page.catalog, page.workspace.config)
        choices = _choices(page, runners, found, made)
        if choices is not None:
            _form(page, made, found, choices)


def _choices(
    page: Page, runners: Runners, found: Sequence[Target], made: Estimate
) -> Choices | None:
    """What can be chosen; asked once for the first machine, of AWS only when a person says so."""
    first, kind = found[0], _types(made)[found[0].resource_id]
    key = (page.store.identity, first.resource_id, made.target, kind)
    kept: dict[tuple[str, ...], Choices] = st.session_state.setdefault(_CHOICES, {})
    permit = runners.permit(is_private=page.workspace.is_private)
    if not permit:
        st.info(f"{permit.why_not} {permit.next_step}", icon=":material/lock:")
        return Choices()
    if key not in kept:
        asks = runners.is_demo or st.button("Ask AWS what can be chosen there", key="move_ask")
        if not asks:
            return None
        try:
            plan = actions.stop(first)  # any plan: it says which account is asked
            kept[key] = runners.of(plan).choices(first, made.target, kind)
        except SpectraError as error:
            workspaces.show_error(error)
            return None
    return kept[key]


def _types(made: Estimate) -> dict[str, str]:
    return dict(zip(made.machines["instance_id"], made.machines["target_type"], strict=True))


def _form(page: Page, made: Estimate, found: Sequence[Target], choices: Choices) -> None:
    destination = _destination(page, made, choices)
    with st.container(horizontal=True, vertical_alignment="center"):
        reboots = st.toggle("Shut down for the image", key="move_reboots",
                            help="Its disks are then at rest; else the image is as after a power "
                            "cut.")  # fmt: skip
        clicked = st.button(f"Plan the move of {len(found)}", type="primary", key="move_plan",
                            icon=":material/checklist:")  # fmt: skip
    if clicked:
        _plan(page, made, found, destination, reboots=reboots)


def _destination(page: Page, made: Estimate, choices: Choices) -> actions.Destination:
    left, middle, right = st.columns(3)
    with left:
        zones = list(choices.zones or (f"{made.target}{letter}" for letter in "abc"))
        zone = st.selectbox("Zone", zones, key="move_zone")
        subnet = _place("Subnet", [s for s in choices.subnets or () if s.zone == zone],
                        "move_subnet")  # fmt: skip
        stops = st.toggle("Stop the source at the end", value=True, key="move_stops",
                          help="Else both run until somebody has cut over.")  # fmt: skip
    with middle:
        groups = st.multiselect(
            "Security groups", [g.place_id for g in choices.security_groups or ()],
            format_func={g.place_id: _name(g) for g in choices.security_groups or ()}.__getitem__,
            key="move_groups", placeholder=DEFAULT,
        )  # fmt: skip
        pair = st.selectbox("Key pair", [NONE, *(choices.key_names or ())], key="move_pair",
                            help="The image keeps the keys it has.")  # fmt: skip
    with right:
        kms = ""
        if choices.has_encrypted_disk is not False:
            kms = st.text_input("Key for encrypted disks", "alias/aws/ebs", key="move_kms",
                                help="A KMS key of the target region.")  # fmt: skip
        allowed = st.multiselect(
            "Regions the data may be kept in", [r.code for r in page.catalog.regions],
            key="move_allowed", placeholder="not restricted",
        )  # fmt: skip
    return actions.Destination(
        made.target, str(zone), subnet_id=subnet, security_group_ids=tuple(groups),
        key_name="" if pair == NONE else pair, kms_key_id=kms.strip(),
        instance_profile_arn=choices.instance_profile_arn, http_tokens=choices.http_tokens,
        allowed_regions=tuple(allowed) or None, stops_source=stops,
    )  # fmt: skip


def _place(label: str, places: Sequence[Place], key: str) -> str:
    names = {"": DEFAULT, **{place.place_id: _name(place) for place in places}}
    return str(st.selectbox(label, list(names), format_func=names.__getitem__, key=key))


def _name(place: Place) -> str:
    return f"{place.name} ({place.place_id})" if place.name else place.place_id


def _plan(
    page: Page,
    made: Estimate,
    found: Sequence[Target],
    destination: actions.Destination,
    *,
    reboots: bool,
) -> None:
    """Make a plan for each machine, with what the estimate expects of it, and go to Changes."""
    machines = made.machines.set_index("instance_id").to_dict("index")
    plans: list[Plan] = []
    refused: list[str] = []
    for target in found:
        row = machines[target.resource_id]
        try:
            plans.append(
                actions.plan_move(
                    target, _of_type(destination, str(row["target_type"])), reboots=reboots,
                    predicted=move_history.predicted(row),
                )
            )  # fmt: skip
        except SpectraError as error:
            refused.append(str(error))
    asking.keep(page.store, plans, refused)
    st.switch_page("pages/instances.py")


def _of_type(destination: actions.Destination, instance_type: str) -> actions.Destination:
    return replace(destination, instance_type=instance_type)
