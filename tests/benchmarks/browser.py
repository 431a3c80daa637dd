"""The app over the large fleet as Chromium meets it: first page, switches, reruns, ten sessions.

A page has settled when its script has ended and its main part no longer changes; the time is that
of the last change, counted in the browser from the click. The copy of a table that its canvas holds
for screen readers is no part of that: the grid writes it 0.2 s after the table is drawn. CPU time
stands beside it, of the server and of the browser: on a busy machine it says more. Run it alone,
on a folder that keeps the large fleet for the next time:
``python -m tests.benchmarks browser FOLDER``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil
from playwright.sync_api import Browser, Page

from spectra import advice
from spectra.catalog import load_catalog
from spectra.config import load_config
from spectra.insight.budgets import Version
from spectra.refresh import current_hour
from spectra.store import Store, budget_log, emission_queries
from spectra.store.ledger import recompute
from spectra.watch import Watcher
from tests.benchmarks import scale
from tests.browser.server import CHROMIUM, chromium, running_app

Row = tuple[str, str, str, str]
Times = dict[int, float]
REPEATS, SESSIONS = 3, 10
QUIET_MS = 300
BROKEN = "[data-testid=stException], [data-testid=stAlertContentError]"


class Taken(NamedTuple):
    """One action: wall time in the browser, CPU time of the server and of the browser [ms]."""

    wall: float
    server: float
    browser: float


# Each page with a widget whose change runs it again, and what is chosen in it, and back again.
PAGES: dict[str, tuple[str, str, str]] = {
    "Dashboard": ("scope_view", "Customer view", "Provider view"),
    "Regions": ("factor", "direct", "lifecycle"),
    "Instances": ("view", "Waste", "Fleet"),
    "Anomalies": ("anomaly_view", "Planned events", "Attention"),
    "Budgets": ("budget_view", "Allocation", "Overview"),
    "Scheduler": ("job_power_by", "Power", "Instances"),
    "Reports": ("reports_view", "History", "Report"),
    "Settings": ("section", "Usage", "Workspace"),
    "Method": ("topic", "Uncertainty", "Energy"),
}

# Defines `spectra.watch(title, act)`: runs `act`, resolves with the milliseconds until the page
# has settled under that title, and `spectra.first`, the time of the first number.
_WATCHING = """
window.spectra = {first: null};
new MutationObserver((_, self) => {
  if (document.querySelector('[data-testid=stMetricValue]')?.innerText.trim()) {
    spectra.first = performance.now();
    self.disconnect();
  }
}).observe(document, {childList: true, subtree: true, characterData: true});
spectra.watch = (title, act) => new Promise((done, fail) => {
  const started = performance.now(), app = document.querySelector('[data-testid=stApp]');
  let last = started, ran = false;
  const seen = new MutationObserver(changes => {
    const inCanvas = node => (node.closest ? node : node.parentElement)?.closest('canvas');
    if (!changes.every(change => inCanvas(change.target))) last = performance.now();
  });
  seen.observe(document.querySelector('[data-testid=stMain]'),
    {childList: true, subtree: true, characterData: true});
  // Any change of state: a timer could miss a short run, and one run goes over into another. One
  // that was too short even for that has drawn something else.
  const runs = new MutationObserver(() => { ran = true; });
  runs.observe(app, {attributeFilter: ['data-test-script-state']});
  act();
  const look = setInterval(() => {
    const now = performance.now(), rests = app.dataset.testScriptState === 'notRunning';
    const is_there = document.querySelector('h1')?.innerText === title;
    const has_run = ran || (last > started && now - started > 10 * QUIET);
    if (has_run && rests && is_there && now - last > QUIET) {
      clearInterval(look); seen.disconnect(); runs.disconnect(); done(last - started);
    } else if (now - started > 300000) { clearInterval(look); fail(
      `no ${title} in five minutes: has run ${has_run}, rests ${rests}, is there ${is_there}`); }
  }, 10);
});
spectra.go = title => spectra.watch(title, () => [...document.querySelectorAll(
  '[data-testid=stSidebarNavLink]')].find(a => a.innerText.trim().endsWith(title)).click());
spectra.press = (title, widget, label) => spectra.watch(title, () => [...document.querySelectorAll(
  `${widget} button`)].find(b => b.innerText.trim() === label).click());
""".replace("QUIET", str(QUIET_MS))


def browser(folder: Path, small: bool) -> Iterator[Row]:
    """First page, page switches and reruns of one visitor, then ten visitors at once."""
    count, days = (24, 3) if small else (5_000, 90)
    if CHROMIUM is None:
        yield "in Chromium", f"{count:,} instances", "–", "Chromium is not here"
        return
    database = folder / f"browser_{count}x{days}.duckdb"
    if not database.exists():
        prepare(database, count, days)
    catch_up(database)
    at = f"{count:,} instances x {days} days"
    with running_app(database, SPECTRA_DEMO="off") as url, chromium() as window, used() as meter:
        titles = list(PAGES)[: 2 if small else None]
        come = partial(Visitor, window, url)
        yield from one_visitor(
            come, meter, at, titles, range(1, 2) if small else range(REPEATS + 1)
        )
        yield from many_visitors(come, meter, at, titles, 2 if small else SESSIONS)
        yield "memory of the server", at, f"{meter.peak_mb:.0f} MB", "resident, at its peak"


def prepare(database: Path, count: int, days: int) -> None:
    """A fleet whose ledger, advice and budgets are there, as in an app that has run."""
    store, catalog = Store(database), load_catalog()
    end = current_hour()
    scale.build(store, count, days, end)
    recompute(store)
    for team in scale.TEAMS:
        made = budget_log.new_budget("team", team, "month")
        budget_log.keep(store, made, [Version(end.date().replace(day=1), 1e7)])
    rules = advice.rules_of(load_config({}, Path("no-such-file.toml")))
    advice.refresh_advice(store, catalog, rules)
    store.close()


def catch_up(database: Path) -> None:
    """The hours since the fleet was made, so that the running one is known, and looked through."""
    store = Store(database)
    while (hour := emission_queries.ledger_span(store)[1]) <= current_hour():
        scale.add_hour(store, hour)
    config = load_config({}, Path("no-such-file.toml"))
    watcher = Watcher(store)
    if watcher.is_due(config=config):
        watcher.look(config)
    store.close()


class Meter:
    """CPU time of the server and of the browser, and the server's resident memory."""

    def __init__(self) -> None:
        children = psutil.Process().children()
        self.server = next(child for child in children if "streamlit" in child.cmdline())
        self.peak_mb = 0.0
        self.ended = threading.Event()

    def look(self) -> None:
        """Keep the highest resident memory [MB] until the end."""
        while not self.ended.wait(0.1):
            self.peak_mb = max(self.peak_mb, self.server.memory_info().rss / 1e6)

    def cpu(self) -> tuple[Times, Times]:
        """CPU time of server and browser so far [ms], by process."""
        others = set(psutil.Process().children(recursive=True)) - {self.server}
        browser = [child for child in others if "chrom" in child.name()]
        return _cpu_ms([self.server]), _cpu_ms(browser)

    def since(self, before: tuple[Times, Times]) -> tuple[float, float]:
        """CPU time since then [ms], of the processes that still run."""
        server, browser = (
            sum(ms - was.get(pid, 0.0) for pid, ms in now.items())
            for was, now in zip(before, self.cpu(), strict=True)
        )
        return server, browser

    def time(self, action: Callable[[], float]) -> Taken:
        """One action with its CPU times."""
        before = self.cpu()
        wall = action()
        return Taken(wall, *self.since(before))


def _cpu_ms(processes: Iterable[psutil.Process]) -> Times:
    spent: Times = {}
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # the session before this one is still closing
            times = process.cpu_times()
            spent[process.pid] = 1000.0 * (times.user + times.system)
    return spent


@contextmanager
def used() -> Iterator[Meter]:
    """Watch the server that this process has started."""
    meter = Meter()
    looking = threading.Thread(target=meter.look, daemon=True)
    looking.start()
    try:
        yield meter
    finally:
        meter.ended.set()
        looking.join()


class Visitor:
    """A browser session with an empty cache, and what went wrong in it."""

    def __init__(self, window: Browser, url: str) -> None:
        self.url = url
        self.page: Page = window.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.page.set_default_timeout(300_000)
        self.page.add_init_script(_WATCHING)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self) -> None:
        """Ask for the first page, without waiting for it."""
        self.page.goto(self.url, wait_until="commit")

    def first_number(self) -> float:
        """Time from asking to the first number [ms]; returns when the page has settled."""
        if self.page.url == "about:blank":
            self.open()
        self.page.wait_for_function("spectra.first !== null")
        self.page.wait_for_selector(
            "[data-testid=stApp][data-test-script-state=notRunning]:not(:has(.st-key-rest_follows))"
        )
        return float(self.page.evaluate("spectra.first"))

    def come_back(self) -> float:
        """Ask for the first page again, in a new session: time to its first number [ms]."""
        self.page.goto("about:blank")
        return self.first_number()

    def begin(self, title: str) -> None:
        """Click on a page in the navigation, without waiting for it."""
        self.page.evaluate("title => { window.spectra.going = spectra.go(title); }", title)

    def arrive(self) -> float:
        """Time from that click until the page had settled [ms]; its errors are noted."""
        taken = float(self.page.evaluate("spectra.going"))
        self.errors += self.page.locator(BROKEN).all_inner_texts()
        return taken

    def switch(self, title: str) -> float:
        """Go to a page [ms]."""
        self.begin(title)
        return self.arrive()

    def press(self, title: str, label: str) -> float:
        """Choose something in the widget of the page [ms]."""
        arguments = [title, f".st-key-{PAGES[title][0]}", label]
        return float(self.page.evaluate("a => spectra.press(...a)", arguments))

    def leave(self) -> None:
        """Close the session."""
        self.page.context.close()


def one_visitor(
    come: Callable[[], Visitor], meter: Meter, at: str, titles: list[str], laps: range
) -> Iterator[Row]:
    """Medians of several laps through the pages; lap 0 only warms the server up."""
    tour = [*titles[1:], titles[0]]
    firsts: list[Taken] = []
    agains: list[Taken] = []
    switches: dict[str, list[Taken]] = {title: [] for title in titles}
    reruns: dict[str, list[Taken]] = {title: [] for title in titles}
    for lap in laps:
        visitor = come()
        first = meter.time(visitor.first_number)
        for title in tour:
            visitor.switch(title)  # the browser reads its own code for a page the first time
        for title in tour if lap else ():
            switches[title].append(meter.time(partial(visitor.switch, title)))
            for label in PAGES[title][1:]:
                visitor.press(title, label)
            reruns[title] += [
                meter.time(partial(visitor.press, title, label)) for label in PAGES[title][1:]
            ]
        again = meter.time(visitor.come_back)
        visitor.leave()
        if lap:
            firsts.append(first)
            agains.append(again)
    yield _row("first page to its first number", at, firsts, "new browser, warm server")
    yield _row("first page to its first number", at, agains, "browser that was here before")
    for title in titles:
        yield _row(f"switch to {title}", at, switches[title])
    for title in titles:
        yield _row(f"rerun of {title}", at, reruns[title], f"{PAGES[title][1]}, and back")


def many_visitors(
    come: Callable[[], Visitor], meter: Meter, at: str, titles: list[str], count: int
) -> Iterator[Row]:
    """Sessions that click at once, each on another page than its neighbour, through all pages."""
    visitors = [come() for _ in range(count)]
    for visitor in visitors:
        visitor.open()
    firsts = [visitor.first_number() for visitor in visitors]
    times: list[float] = []
    before = meter.cpu()
    for step in range(1, len(titles) + 1):
        for place, visitor in enumerate(visitors):
            visitor.begin(titles[(place + step) % len(titles)])
        times += [visitor.arrive() for visitor in visitors]
    server, browser = (spent / len(times) for spent in meter.since(before))
    errors = [error for visitor in visitors for error in visitor.errors]
    yield (
        f"{count} sessions, first number", at, f"{median(firsts):.0f} ms",
        f"slowest {max(firsts):.0f}; all at once",
    )  # fmt: skip
    yield (
        f"{count} sessions, page switch", at, f"{median(times):.0f} ms",
        f"slowest {max(times):.0f}; CPU {server:.0f} + {browser:.0f} ms each; "
        f"{len(times)} switches, {len(errors)} errors {' '.join(errors)[:200]}".strip(),
    )  # fmt: skip
    for visitor in visitors:
        visitor.leave()


def _row(what: str, at: str, taken: list[Taken], note: str = "") -> Row:
    wall, server, browser = (median(part) for part in zip(*taken, strict=True))
    cpu = f"CPU {server:.0f} + {browser:.0f} ms"
    return what, at, f"{wall:.0f} ms", "; ".join(part for part in (cpu, note) if part)
