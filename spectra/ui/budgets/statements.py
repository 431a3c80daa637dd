"""Chargeback: a statement per team and period, what changed since the last, and its files."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from spectra import chargeback, chargeback_files, units
from spectra.catalog import Catalog
from spectra.chargeback import Statement
from spectra.chargeback_rows import SCOPE1, shown_team
from spectra.errors import InputError, SpectraError
from spectra.exports import file_stem
from spectra.insight.budgets import Kind, Period
from spectra.setting_values import MOST_USD_PER_TONNE
from spectra.store import Store, chargeback_log
from spectra.ui import cards, choosing, empty, kept, periods, workspace
from spectra.ui.budgets import asked
from spectra.ui.frame import Page
from spectra.ui.plain import plain

EVERYONE = "All teams"
_KEPT = "chargeback_kept"
_BROKEN = (
    "A kept export was changed or dropped since: the chain of hashes does not hold. Statements can "
    "still be made; restore the database from a copy to have its exports back."
)
_NUMBER = st.column_config.NumberColumn
_KG = ("total_kg", "low_kg", "high_kg", "direct_kg", "account_kg", "parent_kg", "pool_kg",
       "none_kg")  # fmt: skip
COLUMNS: dict[str, Any] = {
    "team": "Team",
    **{name: _NUMBER(name.removesuffix("_kg").capitalize() + " [kg]", format="%,.3f")
       for name in _KG},
    "energy_kwh": _NUMBER("Energy [kWh]", format="%,.3f"),
    "list_usd": _NUMBER("List [USD]", format="%,.2f"),
    "effective_usd": _NUMBER("Effective [USD]", format="%,.2f"),
    "carbon_charge_usd": _NUMBER("Carbon charge [USD]", format="%,.2f"),
}  # fmt: skip


def show(page: Page) -> None:
    """Choose a period, see its statement, and export it."""
    period, price = _asked(page)
    try:
        before = chargeback.last_kept(page.store, period)
        made = page.get(_made, page.catalog, period, page.hour, price, before and before.run_id)
    except InputError as nothing:
        empty.say(nothing.message, nothing.next_step)
        return
    except SpectraError as error:
        workspace.show_error(error)
        return
    with cards.card(f"Statement of {period.label}"):
        _statement(page, made)
    with cards.card("Against the last export of this period"):
        _changes(made)
    _runs(page)


def _made(  # noqa: PLR0913, PLR0917 (as `statement`, and what it is compared with)
    store: Store,
    catalog: Catalog,
    period: Period,
    now: datetime,
    price: float | None,
    before: str | None,
) -> Statement:
    """A statement; `before`, the last export of the period, makes another result of the cache."""
    return chargeback.statement(store, catalog, period, now, price)


def _asked(page: Page) -> tuple[Period, float | None]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind: Kind = st.segmented_control(
            "Period", periods.KINDS, default="month", required=True, key="chargeback_kind",
            format_func=periods.KINDS.__getitem__, persist_state="session",
        )  # fmt: skip
        found = {p.label: p for p in periods.accounted(page, kind)}
        label = st.selectbox("Which", list(found), width=160, key=f"chargeback_{kind}",
                             persist_state="session")  # fmt: skip
        preset = page.workspace.config.carbon_price_usd_per_tonne
        # Another price in the settings, or another workspace, begins anew with it.
        price = st.number_input(
            "Carbon price [USD/t]", min_value=0.0, max_value=float(MOST_USD_PER_TONNE),
            step=10.0, value=preset, key=f"chargeback_price_{preset}", width=200,
            placeholder="none", persist_state="session",
            help="An internal price; it is charged beside the cost and no part of it.",
        )  # fmt: skip
    return found[label], price


def _statement(page: Page, made: Statement) -> None:
    state = _reach(made, page.hour)
    total = units.mass_text(made.run.total_g)
    has_scope1 = made.rows[SCOPE1].notna().any()
    scope1 = " AWS's own scope 1 is in it, which budgets leave out." if has_scope1 else ""
    st.caption(
        f"{plain(total)} CO₂e {state}, location-based, AWS's operations allocated to us (our scope "
        f"3.1).{scope1} Every column but low and high adds up to its total to the last digit; list "
        "and effective cost are as far as they are known."
    )
    st.dataframe(
        made.teams.astype({name: float for name in made.teams.columns if name != "team"}),
        hide_index=True, width="stretch", key="statement", placeholder="–",
        height=cards.table_height(len(made.teams), 460), column_config=COLUMNS,
        column_order=[name for name in COLUMNS if _says_something(made.teams[name])],
    )  # fmt: skip
    cards.download(made.teams, "chargeback_teams", of=[made.run.period])
    _export(page, made)


def _reach(made: Statement, hour: datetime) -> str:
    """Which hours of the period a statement is of."""
    first = datetime.fromisoformat(made.run.manifest["accounted_from"])
    since = f" from {units.moment_text(first)}" if first > made.run.start else ""
    if made.is_final:
        return "in all hours of the period"
    known, of = made.run.manifest["accounted_hours"], made.run.manifest["hours"]
    return f"so far,{since} {units.until_text(made.run.end, hour)} ({known:,} of {of:,} hours)"


def _says_something(column: pd.Series) -> bool:
    """Whether a column is known somewhere, and more than a way of allocation nobody used."""
    known = column.dropna()
    return not known.empty and (column.name == "team" or bool(known.ne(0).any()))


def _export(page: Page, made: Statement) -> None:
    asked.follow(page, "chargeback_team", shown_team)
    names = {name: name for name in (EVERYONE, *made.teams["team"])}
    team = choosing.one_of("For", names, key="chargeback_team", steps=(), width=240,
                           lacking=partial(_lacking, page, made))  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if page.workspace.may_change:
            clicked = st.button(
                "Export and keep", type="primary", key="chargeback_export",
                icon=":material/task:",
                help="Keeps what was exported, so that the next export can say what changed.",
            )  # fmt: skip
            if clicked:
                exported = chargeback.keep(page.store, made, datetime.now(UTC))
                kept.keep(_KEPT, exported, page.store.identity)
                st.toast("Kept.", icon=":material/check:")
                st.rerun()
        whole = _to_download(page, made)
        if team is None:
            return
        part = whole if team == EVERYONE else chargeback.of_team(whole, team)
        of = () if team == EVERYONE else (team,)
        _downloads(part, file_stem("chargeback", made.run.period, *of))
    if whole is made:
        st.caption("The files are those of a draft: only what is exported and kept can be found "
                   "again by its x_RunId.")  # fmt: skip
    else:
        st.caption(f"The files are those of the export {whole.run.run_id}, which is kept.")


def _lacking(page: Page, made: Statement, team: str) -> tuple[str, str]:
    """What is said of a team that the statement does not name."""
    if not asked.is_known(page, team):
        return asked.unknown(team)
    return (f"Nothing in the statement of {made.run.period} belongs to “{plain(team)}”.",
            "Choose another period above, or another team here.")  # fmt: skip


def _to_download(page: Page, made: Statement) -> Statement:
    """The export that this session has kept, as long as nothing has changed since."""
    last: Statement | None = kept.kept(_KEPT, page.store.identity)
    if last is None or last.run.run_id != made.run.manifest["previous_run_id"]:
        return made
    same = ("content_sha256", "method", "tag_rules", "allocation_rules")
    return last if all(last.run.manifest[n] == made.run.manifest[n] for n in same) else made


def _downloads(part: Statement, name: str) -> None:
    """Files are made when they are asked for."""
    files = {
        "CSV (FOCUS)": (chargeback_files.csv_file, "csv", "text/csv"),
        "XLSX": (
            chargeback_files.workbook,
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        "Manifest": (chargeback_files.manifest_file, "json", "application/json"),
    }
    for label, (make, ending, mime) in files.items():
        st.download_button(
            label, partial(make, part), f"{name}.{ending}", mime,
            key=f"chargeback_{ending}", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _changes(made: Statement) -> None:
    if made.changes is None:
        st.caption("This period has not been exported yet.")
        return
    for sentence in made.differences or ("Nothing differs.",):
        st.markdown(f"- {plain(sentence)}")
    if made.changes.empty:
        return
    amounts = made.changes[["before_g", "after_g", "change_g"]] / units.GRAMS_PER_KG
    named = made.changes.assign(team=made.changes["team"].map(shown_team))
    st.dataframe(
        named.drop(columns=amounts.columns).join(amounts), hide_index=True,
        width="stretch", key="chargeback_changes", placeholder="–",
        height=cards.table_height(len(amounts)),
        column_config={
            "team": "Team", "account_id": "Account", "region": "Region", "service": "Service",
            "before_g": _NUMBER("Before [kg]", format="%,.3f"),
            "after_g": _NUMBER("Now [kg]", format="%,.3f"),
            "change_g": _NUMBER("Change [kg]", format="%+,.3f"),
        },
    )  # fmt: skip
    cards.download(named, "chargeback_changes", of=[made.run.period])


def _holds(store: Store, count: int, head: str) -> bool:
    """Whether the chain holds; another export makes another result of the cache."""
    return chargeback_log.chain_holds(store)


def _runs(page: Page) -> None:
    runs = chargeback_log.runs(page.store)
    if runs.empty:
        if not chargeback_log.chain_holds(page.store):
            st.warning(_BROKEN, icon=":material/link_off:")
        return
    # Every line of every export is hashed: once an export, not with each click.
    holds = page.get(_holds, len(runs), runs["chain_hash"].iloc[0])
    with cards.card("Exports", help="Each holds the hash of the one before it."):
        if not holds:
            st.warning(_BROKEN, icon=":material/link_off:")
        shown = runs.assign(kg=runs["total_g"] / units.GRAMS_PER_KG, hash=runs["manifest_hash"])
        st.dataframe(
            shown, hide_index=True, width="stretch", key="chargeback_runs",
            height=cards.table_height(len(shown)),
            column_order=["period", "kg", "end", "created_at", "hash"],
            column_config={"period": "Period", "kg": _NUMBER("CO₂e [kg]", format="%,.3f"),
                           "end": cards.utc_column("Until"),
                           "created_at": cards.utc_column("Exported"), "hash": "Manifest SHA-256"},
        )  # fmt: skip
        cards.download(runs, "chargeback_exports")
