"""Forecasts of the grids into the store: models chosen now and then, a forecast every hour."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.errors import InputError, SpectraError, unexpected
from spectra.insight.forecast import Choice, choose, clean_history, issue
from spectra.moments import HOUR
from spectra.refresh.hours import current_hour
from spectra.store import Store, forecast_log
from spectra.store.forecast_log import Chosen
from spectra.store.grid_queries import Factor

Progress = Callable[[float, str], None]

HORIZON_HOURS = 48
LEVEL = 0.8
# Models are judged again after two weeks, or when a zone has half as much history again.
CHOICE_TTL = timedelta(days=14)
GROWTH = 1.5
MIN_HISTORY_HOURS = 24
WORKERS = 2


def issue_forecasts(
    store: Store,
    *,
    zones: Sequence[str] | None = None,
    factor: Factor = "lifecycle",
    now: datetime | None = None,
    progress: Progress | None = None,
) -> int:
    """Issue this hour's forecast of every zone that has none yet; choose models where it is time.

    A zone that cannot be forecast is left out, and the log says why.

    Parameters
    ----------
    zones : sequence of str, optional
        All with a day of history by default.

    Returns
    -------
    int
        Zones forecast now; one whose history ended over two days ago is left out.
    """
    hour = current_hour(now)
    known = zones
    if known is None:
        known = forecast_log.zones_with_history(store, MIN_HISTORY_HOURS)
    there = forecast_log.issued_zones(store, factor, hour)
    missing = [zone for zone in known if zone not in there]
    done: list[str] = []

    def work(zone: str) -> pd.DataFrame | None:
        frame = _issued_or_none(store, zone, factor, hour)
        done.append(zone)
        if progress:
            progress(len(done) / len(missing), f"Forecasting {zone}")
        return frame

    if not missing:
        return 0
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="forecast") as pool:
        frames = [frame for frame in pool.map(work, missing) if frame is not None]
    if frames:
        forecast_log.keep_issued(store, pd.concat(frames, ignore_index=True))
    return len(frames)


class Issued(NamedTuple):
    """A forecast as it was issued, and the errors of its models that far ahead.

    Attributes
    ----------
    mean : Series
        By hour, the issuing hour or the one after it first [gCO2e/kWh].
    errors : ndarray
        At past origins, one row an origin, one column an hour of `mean`.
    """

    mean: pd.Series
    errors: np.ndarray


def issued(store: Store, zone: str, factor: Factor, hour: datetime) -> Issued | None:
    """This hour's forecast of a zone; None where none was issued. Nothing is fitted for it."""
    rows = forecast_log.latest(store, zone, factor, hour)
    kept = forecast_log.chosen(store, zone, factor)
    if rows.empty or kept is None or rows["issued_at"].iloc[0] != pd.Timestamp(hour):
        return None
    at = pd.DatetimeIndex(rows["hour"]).tz_convert("UTC")
    mean = pd.Series(rows["mean_g_per_kwh"].to_numpy(), index=at, name=zone)
    # Where data was late, the first hours that the models gave had passed already.
    return Issued(mean, _from_json(kept.choice).errors[:, HORIZON_HOURS - len(rows) :])


def _issued_or_none(store: Store, zone: str, factor: Factor, hour: datetime) -> pd.DataFrame | None:
    """The forecast of a zone; None where its history breaks the models, which others may not."""
    told: SpectraError
    try:
        return _issue(store, zone, factor, hour)
    except InputError as error:
        told = error
    except (ArithmeticError, LookupError, ValueError) as error:
        told = unexpected(error)
    logging.getLogger(__name__).error("%s was not forecast. %s", zone, told.message)
    return None


def _issue(store: Store, zone: str, factor: Factor, hour: datetime) -> pd.DataFrame | None:
    history = forecast_log.history(store, zone, factor, hour + HOUR)
    if history.empty:
        return None
    choice = _choice(store, zone, factor, history)
    made = issue(history, HORIZON_HOURS, LEVEL, choice=choice)
    if not np.isfinite(made.frame.to_numpy()).all():
        raise InputError("Its models gave no number.")
    frame = made.frame[made.frame.index >= pd.Timestamp(hour)]
    if frame.empty:  # what is known ended so long ago that the models' last hour has passed
        return None
    return pd.DataFrame(
        {
            "zone": zone,
            "factor": factor,
            "issued_at": pd.Timestamp(hour),
            "hour": frame.index,
            "mean_g_per_kwh": frame["mean"].to_numpy(),
            "lower_g_per_kwh": frame["lower"].to_numpy(),
            "upper_g_per_kwh": frame["upper"].to_numpy(),
            "level": made.level,
            "step": made.choice.step,
        }
    )


def _choice(store: Store, zone: str, factor: Factor, history: pd.Series) -> Choice:
    """Models in force, judged anew when it is time."""
    kept = forecast_log.chosen(store, zone, factor)
    now = datetime.now(UTC)
    if (
        kept is not None
        and now - kept.chosen_at.astimezone(UTC) < CHOICE_TTL
        and len(history) < kept.known_hours * GROWTH
    ):
        choice = _from_json(kept.choice)
        # What was not judged costs nothing to choose anew, and may be judged by now. Earlier
        # versions kept a choice of no model where a gap left nothing to judge them by.
        if choice.members and choice.step != "climatology":
            return choice
    made = choose(clean_history(history), HORIZON_HOURS)
    forecast_log.keep_choice(store, zone, factor, Chosen(now, len(history), _to_json(made)))
    return made


def _to_json(choice: Choice) -> str:
    errors = [[None if np.isnan(e) else round(e, 2) for e in row] for row in choice.errors.tolist()]
    return json.dumps(
        {
            "step": choice.step,
            "members": choice.members,
            "errors": errors,
            "mae": None if np.isnan(choice.mae) else choice.mae,
            "mae_yesterday": None if np.isnan(choice.mae_yesterday) else choice.mae_yesterday,
        }
    )


def _from_json(text: str) -> Choice:
    data = json.loads(text)
    errors = np.array(data["errors"], dtype=float).reshape(-1, HORIZON_HOURS)
    maes = (data[name] if data[name] is not None else np.nan for name in ("mae", "mae_yesterday"))
    return Choice(data["step"], tuple(data["members"]), errors, *maes)
