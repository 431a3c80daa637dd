"""The job form: what runs, where, how long, and by when it is to be finished."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from spectra import units
from spectra.moments import HOUR
from spectra.scheduler import Spec
from spectra.ui import choosing
from spectra.ui.frame import Page

POWER: tuple[str, ...] = ("instances", "power")
USUAL_WINDOW = timedelta(hours=24)
_BASE, _ZONE = "_spectra_job_base", "_spectra_job_zone"


@dataclass(frozen=True, slots=True)
class Asked:
    """A filled-in form; `earliest` and `deadline` are aware UTC."""

    name: str
    spec: Spec
    earliest: datetime
    deadline: datetime
    timezone: str


def job_form(page: Page) -> Asked:
    """Draw the form; every change plans anew, nothing is sent anywhere."""
    with st.container(border=True):
        name = st.text_input("Job", "Nightly batch", key="job_name", persist_state="session")
        where, what, when = st.columns(3)
        with where:
            home, regions = _regions(page)
        with what:
            duration, machine_kw, kind, count, load = _power(page)
        with when:
            earliest, deadline, timezone = _window(page, home)
        with st.expander("Interruptions, limits and price", icon=":material/tune:"):
            extra = _more(page)
    spec = Spec(
        home=home,
        regions=regions,
        duration_hours=duration,
        window_hours=(deadline - earliest) / HOUR,
        machine_kw=machine_kw,
        instance_type=kind,
        count=count,
        load_pct=load,
        factor=page.workspace.config.emission_factor,
        **extra,  # type: ignore[arg-type]
    )
    return Asked(name or "Job", spec, earliest, deadline, timezone)


def _regions(page: Page) -> tuple[str, tuple[str, ...]]:
    codes = [r.code for r in page.catalog.regions]
    usual = "eu-central-1" if "eu-central-1" in codes else codes[0]
    home = choosing.region(
        "Runs in", codes, key="job_home", usual=usual, follows=page.selection.regions
    )
    choosing.tell("job_home", "region", home)
    others = st.multiselect(
        "Could also run in",
        [code for code in codes if code != home],
        key="job_regions",
        persist_state="session",
        placeholder="Only there",
        help="Regions that have data, images and quota for the job.",
    )
    return home, tuple(others)


def _power(page: Page) -> tuple[float, float | None, str, int, float]:
    duration = st.number_input(
        "Duration [h]", 0.05, 160.0, 3.0, 0.25, key="job_duration", persist_state="session"
    )
    by = st.segmented_control(
        "Power from", POWER, default=POWER[0], required=True, key="job_power_by",
        persist_state="session", label_visibility="collapsed", format_func=str.capitalize,
    )  # fmt: skip
    if by == "power":
        kw = st.number_input(
            "Power of the machines [kW]", 0.001, 10_000.0, 1.0, key="job_kw",
            persist_state="session", help="Without PUE; the region's PUE comes on top.",
        )  # fmt: skip
        return duration, kw, "m5.xlarge", 1, 50.0
    types = [kind.name for kind in page.catalog.instance_types]
    kind = st.selectbox(
        "Instance type", types, key="job_type", index=types.index("m5.xlarge"),
        persist_state="session",
    )  # fmt: skip
    left, right = st.columns(2)
    count = left.number_input("Instances", 1, 10_000, 10, key="job_count", persist_state="session")
    load = right.number_input(
        "CPU load [%]", 0.0, 100.0, 70.0, 5.0, key="job_load", persist_state="session"
    )
    return duration, None, kind, count, load


def _window(page: Page, home: str) -> tuple[datetime, datetime, str]:
    """Earliest start and deadline in UTC, asked for as local times of a named zone."""
    region = page.catalog.region(home)
    zones = _timezones()
    usual = region.timezone if region and region.timezone in zones else "UTC"
    timezone = st.selectbox(
        "Timezone", zones, index=zones.index(usual), key="job_timezone", persist_state="session"
    )
    zone = ZoneInfo(timezone)
    moment = _base(zone)
    _keep_moment(moment, timezone)
    base = moment.astimezone(zone).replace(tzinfo=None)
    start = st.datetime_input(
        f"Not before ({timezone})", base, key="job_earliest", step=timedelta(minutes=15),
        persist_state="session",
    )  # fmt: skip
    end = st.datetime_input(
        f"Finished by ({timezone})", base + USUAL_WINDOW, key="job_deadline",
        step=timedelta(minutes=15), help="The job has ended by then.", persist_state="session",
    )  # fmt: skip
    earliest = (start or base).replace(tzinfo=zone)
    deadline = (end or base + USUAL_WINDOW).replace(tzinfo=zone)
    st.caption(f"{earliest:%a %H:%M %z} to {deadline:%a %d %b %H:%M %z}")
    # The difference of two times of one zone is that of its wall clocks; in UTC it is time itself.
    return earliest.astimezone(UTC), deadline.astimezone(UTC), timezone


def _keep_moment(base: datetime, timezone: str) -> None:
    """Let an untouched window stay where it is in time when another timezone is chosen."""
    before = st.session_state.get(_ZONE, timezone)
    st.session_state[_ZONE] = timezone
    if before == timezone:
        return
    untouched = base.astimezone(ZoneInfo(before)).replace(tzinfo=None)
    for key, value in (("job_earliest", untouched), ("job_deadline", untouched + USUAL_WINDOW)):
        if st.session_state.get(key) == value:
            del st.session_state[key]


@cache
def _timezones() -> list[str]:
    """Names of all time zones; the system keeps each in a file of its own."""
    return sorted(available_timezones())


def _base(zone: ZoneInfo) -> datetime:
    """The moment an untouched window begins at; a default that moved would lose what was typed.

    In a page left open until its window is over, a new one begins.
    """
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    base: datetime | None = st.session_state.get(_BASE)
    if base is None or now - base >= USUAL_WINDOW:
        deadline: datetime | None = st.session_state.get("job_deadline")
        if base is not None and deadline is not None and deadline.replace(tzinfo=zone) > now:
            return base
        for key in ("job_earliest", "job_deadline"):
            st.session_state.pop(key, None)
        base = st.session_state[_BASE] = now
    return base


def _more(page: Page) -> dict[str, object]:
    left, middle, right = st.columns(3)
    with left:
        interruptible = st.toggle("Can be interrupted", key="job_cut", persist_state="session")
        chunk = st.number_input(
            "Shortest run [min]", 0, 1440, 30, 15, key="job_chunk", disabled=not interruptible,
            persist_state="session",
        )  # fmt: skip
        restart = st.number_input(
            "Cost of a restart [gCO₂e]", 0.0, 1e6, 0.0, key="job_restart",
            disabled=not interruptible, persist_state="session",
        )  # fmt: skip
    with middle:
        latency = st.number_input(
            "Latency at most [ms]", 1.0, 1_000.0, None, key="job_latency",
            persist_state="session", placeholder="No limit",
            help="Another region whose latency is not known is then excluded.",
        )  # fmt: skip
        countries = st.multiselect(
            "Countries allowed", sorted({r.country for r in page.catalog.regions}),
            key="job_countries", persist_state="session", placeholder="All",
        )  # fmt: skip
    with right:
        transfer = st.number_input(
            "Data to move elsewhere [GB]", 0.0, 1e6, 0.0, key="job_transfer",
            persist_state="session", help="At 0.001 kWh/GB and the mean of both grids.",
        )  # fmt: skip
        usd_per_t = st.number_input(
            "Weigh price: carbon price [USD/t]", 1.0, 10_000.0, None, key="job_carbon_price",
            persist_state="session", placeholder="Emissions alone",
            help="With a price of carbon, a dollar more weighs as much as the grams it would buy.",
        )  # fmt: skip
    return {
        "is_interruptible": interruptible,
        "min_chunk_hours": chunk / 60 if interruptible else 0.0,
        "restart_grams": restart if interruptible else 0.0,
        "max_latency_ms": latency,
        "countries": tuple(countries),
        "grams_per_usd": units.GRAMS_PER_TONNE / usd_per_t if usd_per_t else 0.0,
        "transfer_gb": transfer,
    }
