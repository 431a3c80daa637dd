"""Events worth a notice, each told once: a grid, a source that fails, a budget used up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from spectra import budgets, units
from spectra.budget_status import Status
from spectra.config import Config
from spectra.errors import (
    InputError,
    NoConnectionError,
    NotEntitledError,
    SpectraError,
    ThrottledError,
)
from spectra.insight.budgets import Threshold
from spectra.store import Store, forecast_log, notice_log, source_state
from spectra.store.database import set_meta
from spectra.store.source_state import FAILURES_TO_OPEN
from spectra.unwritten import fingerprint
from spectra.webhook import Notice, send

Send = Callable[[Notice], None]
STALE_FORECAST = timedelta(hours=3)
# More incidents than this at once come in one notice.
INCIDENTS_ALONE = 5
_ADDRESS = "address of notices"
# A notice that ended so cannot have arrived.
_NOT_ARRIVED = (InputError, NoConnectionError, NotEntitledError, ThrottledError)


def events(store: Store, config: Config, now: datetime) -> list[Notice]:
    """Everything that is so now; incidents and grids only as far as they were not told before."""
    found = [_failing(row, now) for row in notice_log.failing_sources(store, FAILURES_TO_OPEN)]
    if config.alert_intensity_g_per_kwh is not None:
        rows = notice_log.grids_above(store, config.alert_intensity_g_per_kwh, now)
        found += [_above(row, config.alert_intensity_g_per_kwh, now) for row in rows]
    if config.anomaly_notices:
        found += _incidents(notice_log.untold_incidents(store, now), now)
    found += _budgets(budgets.check_thresholds(store, now), now)
    return found + _forecast(store, config, now)


def tell(store: Store, notices: Iterable[Notice], sender: Send) -> int:
    """Send those that were not told before; returns how many were sent.

    An event is claimed before it is sent: a process that dies in between, and one that does not
    learn whether it arrived, tell it never rather than twice. Where it cannot have arrived, the
    webhook is left alone for a while, as a source is; what is still so then is told then.
    """
    now, sent = datetime.now(UTC), 0
    before = source_state.read(store, notice_log.WEBHOOK)
    if before is not None and not before.is_due(timedelta(), now):
        return 0
    for notice in notices:
        if not notice_log.claim(
            store, notice.key, notice.kind, notice.text, notice.at, notice.covers
        ):
            continue
        try:
            sender(notice)
        except _NOT_ARRIVED as error:
            _leave_alone(store, notice, error, now)
            break
        except SpectraError as error:
            notice_log.settle(store, notice.key, None, str(error))
            continue
        notice_log.settle(store, notice.key, datetime.now(UTC), "sent")
        sent += 1
    else:
        if sent:
            taken(store)
    return sent


def tell_new(store: Store, config: Config, now: datetime) -> int | None:
    """Find what is worth a notice and send what was not told before; None without a webhook."""
    # Found even where nobody is told: what was reached is written down.
    found, sender = events(store, config, now), webhook(config)
    mark = fingerprint(config.webhook_url)
    if mark != store.meta(_ADDRESS):
        taken(store)  # what another did not take, this one was not asked for
        with store.write(is_fact=False) as cursor:
            set_meta(cursor, _ADDRESS, mark)
    return None if sender is None else tell(store, found, sender)


def taken(store: Store) -> None:
    """The webhook took a notice: if it was left alone, it is not any more, and nothing waits."""
    state = source_state.read(store, notice_log.WEBHOOK)
    if state is not None and state.status != source_state.OK:
        source_state.succeed(store, notice_log.WEBHOOK, datetime.now(UTC))
        notice_log.drop_waiting(store)


def _leave_alone(store: Store, notice: Notice, error: SpectraError, now: datetime) -> None:
    """Give an event back that was not told, and wait as long as the webhook asks, or longer."""
    asked = getattr(error, "wait_seconds", None)
    state = source_state.fail(
        store, notice_log.WEBHOOK, now, status=type(error).__name__, detail=str(error),
        wait=timedelta(seconds=asked) if asked else None,
    )  # fmt: skip
    again = f"Sent after {units.moment_text(state.retry_at or now)}, if it is still so."
    notice_log.give_back(store, notice.key, f"{error.message} {again}")


def webhook(config: Config) -> Send | None:
    """The sender that the settings name, None without one."""
    if not config.webhook_url:
        return None

    def deliver(notice: Notice) -> None:
        send(
            config.webhook_url,
            notice,
            style=config.webhook_style,
            allow_private=config.webhook_allow_private,
        )

    return deliver


def sample_notice(now: datetime) -> Notice:
    """What the test button sends."""
    return Notice(
        key=f"test|{now.isoformat()}",
        kind="test",
        title="SPECTRA test notice",
        text="This is a test. Notices of SPECTRA arrive here.",
        at=now,
        severity="info",
    )


def _incidents(rows: list[notice_log.UntoldIncident], now: datetime) -> list[Notice]:
    """One notice an incident and severity; of many at once, one for all."""
    keys = [notice_log.incident_key(row.incident_id, row.severity, row.kind) for row in rows]
    if len(rows) <= INCIDENTS_ALONE:
        return [_incident(row, key, now) for row, key in zip(rows, keys, strict=True)]
    first = "; ".join(f"{row.kind} of {row.name}" for row in rows[:INCIDENTS_ALONE])
    grave = sum(row.severity == "critical" for row in rows)
    return [
        Notice(
            key=f"incidents|{keys[0]}",
            kind="incident",
            title=f"{len(rows)} new incidents, {grave} of them critical",
            text=f"The gravest: {first}. See Anomalies for all.",
            at=now,
            severity="critical" if grave else "warning",
            covers=tuple(keys),
        )
    ]


def _incident(row: notice_log.UntoldIncident, key: str, now: datetime) -> Notice:
    grams = units.mass_text(row.g_per_day) if row.g_per_day == row.g_per_day else None
    cost = f" {grams} CO2e a day if nothing is done (estimated)." if grams else ""
    return Notice(
        key=key,
        kind="incident",
        title=f"{row.name}: {row.kind}",
        text=f"{row.cause} Since {units.moment_text(row.start)}.{cost}",
        at=now,
        severity="critical" if row.severity == "critical" else "warning",
    )


def _forecast(store: Store, config: Config, now: datetime) -> list[Notice]:
    """Grids of monitored regions that are forecast to pass a threshold within 24 hours."""
    zones = notice_log.zones_of(store, config.regions)
    found = []
    low, high = config.alert_forecast_below_g_per_kwh, config.alert_forecast_above_g_per_kwh
    for row in forecast_log.latest_all(store, config.emission_factor, 24).to_dict("records"):
        if row["zone"] not in zones or now - row["issued_at"] > STALE_FORECAST:
            continue
        if low is not None and row["least_g_per_kwh"] < low:
            lowest = row["least_g_per_kwh"], row["least_at"]
            found.append(_passing(row["zone"], "below", low, *lowest, now))
        if high is not None and row["greatest_g_per_kwh"] > high:
            highest = row["greatest_g_per_kwh"], row["greatest_at"]
            found.append(_passing(row["zone"], "above", high, *highest, now))
    return found


def _passing(  # noqa: PLR0913, PLR0917 (the parts of one sentence)
    zone: str, side: str, threshold: float, value: float, at: datetime, now: datetime
) -> Notice:
    return Notice(
        # One notice a day and side: the hour that is forecast moves a little each hour.
        key=f"forecast|{zone}|{side}|{threshold:g}|{at:%Y-%m-%d}",
        kind="forecast",
        title=f"{zone}: forecast {side} {threshold:g} g/kWh",
        text=f"The grid of {zone} is forecast at {value:.0f} gCO2e/kWh at {units.moment_text(at)}; "
        "a forecast, not a measurement.",
        at=now,
        severity="info",
    )


def _failing(row: notice_log.FailingSource, now: datetime) -> Notice:
    since = units.moment_text(row.succeeded_at) if row.succeeded_at else "the first try"
    return Notice(
        key=f"failing|{row.source}|{row.dataset}|{row.scope}|{row.succeeded_at}",
        kind="source",
        title=f"{row.source}: {row.dataset} "
        f"{'keeps failing' if row.failure_count > 1 else 'failed'}",
        text=f"{row.dataset} of {row.scope or row.source} has failed "
        f"{units.counted(row.failure_count, 'time')} since {since}. {row.detail}",
        at=now,
    )


def _above(row: notice_log.GridAbove, threshold: float, now: datetime) -> Notice:
    return Notice(
        key=notice_log.grid_key(row.zone, threshold, row.since),
        kind="intensity",
        title=f"{row.zone}: carbon intensity above {threshold:g} g/kWh",
        text=f"The grid of {', '.join(row.regions)} is at {row.g_per_kwh:.0f} gCO2e/kWh "
        f"(lifecycle, {row.quality}) since {units.moment_text(row.since)}; "
        f"instances running there: {row.running_count:,}.",
        at=now,
    )


def _budgets(reached: list[tuple[Status, Threshold]], now: datetime) -> list[Notice]:
    """The highest threshold of what was used, and of what is expected, covers those below it."""
    grouped: dict[tuple[str, str, bool], list[tuple[Status, Threshold]]] = {}
    for status, threshold in reached:
        key = (status.line, status.period.label, threshold.of == "actual")
        grouped.setdefault(key, []).append((status, threshold))
    return [_budget(*part[-1], [t for _, t in part[:-1]], now) for part in grouped.values()]


def _budget(status: Status, threshold: Threshold, below: list[Threshold], now: datetime) -> Notice:
    """A threshold of a budget; one notice a period, whatever the figure does after."""
    budget, outlook = status.budget, status.outlook
    of = f"{status.period.label} budget of {budget.name}"
    chance = units.share_text(outlook.probability if outlook else None)
    title = {
        "actual": f"{budget.name}: {threshold.level:.0%} of the budget is used",
        "forecast": f"{budget.name}: expected to end above its budget",
        "probability": f"{budget.name}: likely to overrun its budget",
    }[threshold.of]
    # Of a period that has ended nothing is expected any more.
    ahead = (
        f", {units.mass_text(outlook.central_g)} expected at its end, probability of an overrun "
        f"{chance}"
        if outlook
        else ""
    )
    return Notice(
        key=status.key_of(threshold.name),
        kind="budget",
        title=title,
        text=f"The {of} is {units.mass_text(status.budget_g)}; "
        f"{units.mass_text(status.actual_g)} until {units.moment_text(status.until)}{ahead}.",
        at=now,
        severity=threshold.severity,
        covers=tuple(status.key_of(t.name) for t in below),
    )
