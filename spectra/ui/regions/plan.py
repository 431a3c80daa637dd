"""From the estimate of a move to its plan: what has to be chosen there, and the guarded path."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from spectra import actions, move_history, units
from spectra.actions.plan import Plan, Target
from spectra.actions.runners import Runners
from spectra.actions.targets import targets
from spectra.errors import SpectraError
from spectra.insight.regions.move_model import Estimate
from spectra.sources.aws.choices import Choices, Own, Place
from spectra.ui import cards
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.instances import asking

# In the session: what AWS said can be chosen and of the machines, by machines and target.
_CHOICES = "_move_choices"
DEFAULT, NONE = "the default of the VPC", "none"


def plan_card(page: Page, made: Estimate) -> None:
    """Chooses what a copy needs in the target region, and plans the move of every machine.

    Nothing is changed here: the plans are read, checked, confirmed and carried out under Changes.
    """
    with cards.card("Carrying it out"):
        st.markdown(
            f"The estimate covers {units.counted(len(made.machines), 'machine')}. "
            "A machine moves by an image: made in its region, copied, launched and checked in "
            f"{made.target}. The source runs on until you stop it after the cut-over; it is "
            "never terminated."
        )
        if not page.workspace.may_change:
            st.caption("This deployment is public: nothing is changed from here.")
            return
        found = list(targets(page.store, kind="instance", ids=set(made.machines["instance_id"])))
        if not found:
            st.caption("None of these machines runs any more.")
            return
        runners = Runners(page.store, page.catalog, page.workspace.config)
        asked = _asked(page, runners, found, made)
        if asked is not None:
            _form(page, made, found, *asked)


def _asked(
    page: Page, runners: Runners, found: Sequence[Target], made: Estimate
) -> tuple[Choices, dict[str, Own]] | None:
    """What can be chosen there and what each machine has; of AWS only when a person says so."""
    types = _types(made)
    wanted = frozenset(types[target.resource_id] for target in found)
    key = (page.store.identity, made.target, wanted, frozenset(t.resource_id for t in found))
    kept: dict[object, tuple[Choices, dict[str, Own]]] = st.session_state.setdefault(_CHOICES, {})
    permit = runners.permit(is_private=page.workspace.is_private)
    if not permit:
        st.info(f"{permit.why_not} {permit.next_step}", icon=":material/lock:")
        return Choices(), {}
    if key not in kept:
        asks = runners.is_demo or st.button("Ask AWS what can be chosen there", key="move_ask")
        if not asks:
            return None
        try:
            kept[key] = _ask(runners, found, made.target, wanted)
        except SpectraError as error:
            workspaces.show_error(error)
            return None
    return kept[key]


def _ask(
    runners: Runners, found: Sequence[Target], region: str, types: frozenset[str]
) -> tuple[Choices, dict[str, Own]]:
    """Asks once for the target region, and once for each account and region of the machines."""
    places: dict[tuple[str, str], list[Target]] = {}
    for target in found:
        places.setdefault((target.account_id, target.region), []).append(target)
    # Any plan will do: it says which account is asked.
    runner_of = {place: runners.of(actions.stop(mine[0])) for place, mine in places.items()}
    with st.spinner(f"Asking what can be chosen in {region}…"):
        choices = next(iter(runner_of.values())).choices(region, types)
    owned: dict[str, Own] = {}
    bar = st.progress(0.0, "Reading the machines…")
    for number, (place, mine) in enumerate(places.items(), 1):
        owned |= runner_of[place].owned(place[1], [target.resource_id for target in mine])
        bar.progress(number / len(places), f"Read: {len(owned)} of {len(found)}.")
    bar.empty()
    return choices, owned


def _types(made: Estimate) -> dict[str, str]:
    return dict(zip(made.machines["instance_id"], made.machines["target_type"], strict=True))


def _form(
    page: Page,
    made: Estimate,
    found: Sequence[Target],
    choices: Choices,
    owned: dict[str, Own],
) -> None:
    is_locked = any(own.has_encrypted_disk is not False for own in owned.values()) or not owned
    destination = _destination(page, made, choices, is_locked=is_locked)
    with st.container(horizontal=True, vertical_alignment="center"):
        reboots = st.toggle("Shut down for the image", key="move_reboots",
                            help="Its disks are then at rest; else the image is as after a power "
                            "cut.")  # fmt: skip
        clicked = st.button(f"Plan the move of {len(found)}", type="primary", key="move_plan",
                            icon=":material/checklist:")  # fmt: skip
    if clicked:
        _plan(page, made, found, destination, owned, reboots=reboots)


def _destination(
    page: Page, made: Estimate, choices: Choices, *, is_locked: bool
) -> actions.Destination:
    left, middle, right = st.columns(3)
    with left:
        zones = list(choices.zones or (f"{made.target}{letter}" for letter in "abc"))
        zone = st.selectbox("Zone", zones, key="move_zone")
        subnet = _place("Subnet", [s for s in choices.subnets or () if s.zone == zone],
                        "move_subnet")  # fmt: skip
        stops = st.toggle("Stop the source at the end", key="move_stops",
                          help="Stops it once the copy has passed AWS's checks, before anybody has "
                          "cut over. Else both run, and emit, until you stop it: “Moves made” "
                          "plans that.")  # fmt: skip
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
        if is_locked:
            kms = st.text_input("Key for encrypted disks", "alias/aws/ebs", key="move_kms",
                                help="A KMS key of the target region. It is used for the machines "
                                "that have an encrypted disk.")  # fmt: skip
        allowed = st.multiselect(
            "Regions the data may be kept in", [r.code for r in page.catalog.regions],
            key="move_allowed", placeholder="not restricted",
        )  # fmt: skip
    return actions.Destination(
        made.target, str(zone), subnet_id=subnet, security_group_ids=tuple(groups),
        key_name="" if pair == NONE else pair, kms_key_id=kms.strip(),
        allowed_regions=tuple(allowed) or None, stops_source=stops,
    )  # fmt: skip


def _place(label: str, places: Sequence[Place], key: str) -> str:
    names = {"": DEFAULT, **{place.place_id: _name(place) for place in places}}
    return str(st.selectbox(label, list(names), format_func=names.__getitem__, key=key))


def _name(place: Place) -> str:
    return f"{place.name} ({place.place_id})" if place.name else place.place_id


def _plan(  # noqa: PLR0913 (what, where to, and with what of its own)
    page: Page,
    made: Estimate,
    found: Sequence[Target],
    destination: actions.Destination,
    owned: dict[str, Own],
    *,
    reboots: bool,
) -> None:
    """Make a plan for each machine, with what the estimate expects of it, and go to Changes."""
    machines = made.machines.set_index("instance_id").to_dict("index")
    plans: list[Plan] = []
    refused: list[str] = []
    for target in found:
        row, own = machines[target.resource_id], owned.get(target.resource_id)
        if owned and own is None:
            refused.append(f"{target.label} is not there any more.")
            continue
        to = destination.for_machine(str(row["target_type"]), own or Own())
        try:
            plans.append(
                actions.plan_move(
                    target, to, reboots=reboots, predicted=move_history.predicted(row)
                )
            )
        except SpectraError as error:
            refused.append(str(error))
    asking.keep(page.store, plans, refused)
    st.switch_page("pages/instances.py")
