"""Changes: the plan, its checks and dry run, the typed confirmation, and the run itself."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from spectra import actions, units
from spectra.actions.bulk import Batch
from spectra.actions.permit import Permit
from spectra.actions.plan import Check, Plan
from spectra.actions.runners import Runners
from spectra.errors import SpectraError
from spectra.ui import cards, empty, landing
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.instances import asking, journal
from spectra.ui.instances.undisturbed import Undisturbed
from spectra.ui.plain import plain

_EXAMINED = "_plans_examined"
SHOWN = 10
Trials = dict[str, list[actions.Trial]]


def show(page: Page) -> None:
    """What is planned, then what was done before."""
    runners = Runners(page.store, page.catalog, page.workspace.config)
    permit = runners.permit(is_private=page.workspace.is_private)
    if not page.workspace.may_change:
        empty.say("This deployment is public: its visitors change nothing.",
                  "Run SPECTRA yourself to act; the advice is for all to read.",
                  asking.TO_FLEET)  # fmt: skip
        return
    st.caption(
        "Everything here acts on the **demo fleet** alone; the same path serves AWS accounts."
        if runners.is_demo
        else "Each change is checked, dry-run, confirmed by typing, and written down step by step."
    )
    if st.session_state.get(asking.STORE) not in (None, page.store.identity):
        _forget()
    for outcome in st.session_state.pop(asking.OUTCOMES, ()):
        is_well = outcome.is_done or outcome.is_undone
        (st.success if is_well else st.error)(plain(outcome.text))
    plans: list[Plan] = st.session_state.get(asking.PLANS, [])
    for text in st.session_state.get(asking.REFUSED, ()):
        st.warning(plain(text))
    if plans:
        _planned(page, plans, runners, permit)
    else:
        empty.say(
            "Nothing is planned.",
            "Choose machines in Fleet, one machine, or disks under Waste, and plan a change.",
            asking.TO_FLEET,
            empty.Turn("Look at waste", ":material/delete_sweep:", {"view": "Waste"}),
        )
    journal.show(page, permit)


def _planned(page: Page, plans: list[Plan], runners: Runners, permit: Permit) -> None:
    try:
        batch = actions.bulk(plans, max(permit.limit, 1))
    except SpectraError as error:
        workspaces.show_error(error)
        _forget_button()
        return
    with cards.card("Plan" if len(plans) == 1 else f"{len(plans)} plans"):
        _examine(batch, runners, permit)
        examined, trials = _examined()
        drawn = drawn_of(examined, trials)
        for plan in drawn:
            mark = ":red[:material/cancel:] " if _is_held(plan, trials) else ""
            with st.expander(mark + plain(plan.title), expanded=len(examined) == 1):
                _one(plan, trials.get(plan.plan_id, []))
        if len(examined) > len(drawn):
            st.caption(f"{len(drawn)} of {len(examined)} plans are shown; all are in the files.")
        _by_hand(examined)
        _files(Batch(batch.batch_id, tuple(examined)))
        _confirm(page, Batch(batch.batch_id, tuple(examined)), runners, permit)


def _examine(batch: Batch, runners: Runners, permit: Permit) -> None:
    """Read each resource afresh and dry-run each call, once for these plans or when asked."""
    ids = tuple(plan.plan_id for plan in batch.plans)
    if not permit:
        # Whoever may not act asks nothing with the operator's keys either.
        st.session_state[_EXAMINED] = ((), list(batch.plans), {})
        return
    again = st.button("Check again", icon=":material/refresh:", key="check_again")
    if not again and st.session_state.get(_EXAMINED, ((),))[0] == ids:
        return
    examined: list[Plan] = []
    trials: Trials = {}
    bar = st.progress(0.0, "Reading the resources afresh and asking for a dry run of each call…")
    for number, plan in enumerate(batch.plans):
        count = len(batch.plans)
        bar.progress(number / count, f"{number + 1} of {count}: reading {plain(plan.target.label)} "
                     "afresh and asking for a dry run of each call…")  # fmt: skip
        try:
            runner = runners.of(plan)
            examined.append(actions.examine(plan, runner))
            trials[plan.plan_id] = actions.dry_run(plan, runner)
        except SpectraError as error:
            examined.append(plan)
            trials[plan.plan_id] = [actions.Trial("reading the resource", False, str(error))]
    bar.empty()
    st.session_state[_EXAMINED] = (ids, examined, trials)


def _examined() -> tuple[list[Plan], Trials]:
    """Plans with their checks, and what was said of the calls of each by its ID."""
    _, plans, trials = st.session_state[_EXAMINED]
    return plans, trials


def _is_held(plan: Plan, trials: Trials) -> bool:
    """Whether a check or the dry run keeps a plan from being carried out."""
    refused = any(trial.is_allowed is False for trial in trials.get(plan.plan_id, ()))
    return refused or bool(plan.blocked_by)


def drawn_of(plans: list[Plan], trials: Trials) -> list[Plan]:
    """The plans to draw: all that are blocked or refused, then others up to `SHOWN` in all."""
    held = [plan for plan in plans if _is_held(plan, trials)]
    others = [plan for plan in plans if not _is_held(plan, trials)]
    return held + others[: max(SHOWN - len(held), 0)]


def _one(plan: Plan, trials: list[actions.Trial]) -> None:
    """One plan: checks, steps with their calls, and the dry run."""
    if plan.note:
        st.caption(plain(plan.note))
    st.markdown("\n".join(_check(check) for check in sorted(plan.checks, key=_severity)))
    steps = steps_of(plan, trials)
    st.dataframe(
        steps, hide_index=True, width="stretch", height="content", key=f"steps_{plan.plan_id}",
        column_config={"Step": st.column_config.NumberColumn(width="small"),
                       "Call": st.column_config.TextColumn(width="large")},
    )  # fmt: skip
    cards.download(steps, f"planned_{plan.plan_id}")
    for trial in trials:
        if trial.is_allowed is False:
            st.error(plain(f"{trial.place}: {trial.text}"))


def steps_of(plan: Plan, trials: Iterable[actions.Trial]) -> pd.DataFrame:
    """The steps of a plan as a table: Step, What, Call, its Dry run, Way back."""
    said = {trial.step: trial for trial in trials if not trial.is_back}
    return pd.DataFrame(
        [
            {
                "Step": number,
                "What": step.text,
                "Call": step.call.as_boto3(),
                "Dry run": _trial(said.get(number)),
                "Way back": step.undo_text,
            }
            for number, step in enumerate(plan.steps, 1)
        ]
    )


def _by_hand(plans: list[Plan]) -> None:
    """What no plan does and somebody must, once for all of them, before it is confirmed."""
    texts = dict.fromkeys(text for plan in plans for text in plan.by_hand)
    if texts:
        st.subheader("Left to a person", anchor=False)
        st.markdown("\n".join(f"- {plain(text)}" for text in texts))


def _severity(check: Check) -> int:
    return 0 if check.blocks else 2 if check.is_ok else 1


def _check(check: Check) -> str:
    """A line of the list: what blocks comes first, in red."""
    mark = {True: "check_circle", False: "cancel", None: "help"}[check.is_ok]
    color = ("red", "orange", "green")[_severity(check)]
    return f"- :{color}[:material/{mark}:] **{check.name}**: {plain(check.text)}"


def _trial(trial: actions.Trial | None) -> str:
    if trial is None:
        return "not asked"
    return {True: "allowed", False: "refused", None: "not possible"}[trial.is_allowed]


def _files(batch: Batch) -> None:
    with st.container(horizontal=True):
        st.download_button("Plan (Markdown)", batch.as_markdown(), "plan.md", "text/markdown",
                           key="plan_md", icon=":material/description:",
                           on_click="ignore")  # fmt: skip
        st.download_button("AWS CLI script", batch.as_cli_script(), "plan.sh", "text/x-shellscript",
                           key="plan_sh", icon=":material/terminal:",
                           on_click="ignore")  # fmt: skip
        _forget_button()


def _forget_button() -> None:
    st.button("Discard the plan", key="plan_forget", icon=":material/close:", on_click=_forget)


def _forget() -> None:
    for key in (asking.PLANS, asking.REFUSED, asking.STORE, _EXAMINED):
        st.session_state.pop(key, None)
    landing.on_heading()


def _confirm(page: Page, batch: Batch, runners: Runners, permit: Permit) -> None:
    if not permit:
        st.info(f"{permit.why_not} {permit.next_step}", icon=":material/lock:")
        return
    _, trials = _examined()
    if any(_is_held(plan, trials) for plan in batch.plans):
        st.error("It cannot be carried out as it stands; the reasons are marked red above.")
        return
    with (
        st.form("confirm_plan", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(
            f"Type “{plain(batch.confirmation)}” to carry it out", key="plan_typed", width=360,
            autocomplete="off",
        )  # fmt: skip
        sent = st.form_submit_button("Carry it out", type="primary")
    if sent:
        _run(page, batch, runners, permit, typed)


def _run(page: Page, batch: Batch, runners: Runners, permit: Permit, typed: str) -> None:
    status = st.status("Carrying it out…", expanded=True)
    said = Undisturbed(
        lambda share, text: status.update(label=f"{units.share_text(share)} {plain(text)}")
    )
    try:
        outcomes = actions.execute_batch(
            batch, runners.of, actions.Journal(page.store), confirmation=typed, permit=permit,
            progress=said,
        )  # fmt: skip
    except SpectraError as error:
        status.update(label="Not carried out", state="error")
        workspaces.show_error(error)
        return
    said.keep(lambda: st.session_state.update({asking.OUTCOMES: outcomes}))
    said.keep(_forget)
    journal.follow(page, outcomes)
    said.give_way()
    st.rerun()
