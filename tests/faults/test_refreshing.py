"""Each source down, slow, failing, throttled, lying or revised, in a refresh of all of them.

What was known stays, the task says what failed, the others bring theirs, and pages tell the age.
"""

import json
import os
import shutil
from datetime import timedelta
from typing import ClassVar

import pytest

from spectra.errors import StoreError
from spectra.refresh.hours import current_hour
from spectra.sources.aws import Access, AwsKeys
from spectra.sources.cloudflare import Radar
from spectra.sources.electricity_maps import ElectricityMaps
from spectra.sources.json_client import RETRIES
from spectra.store import Store, source_state
from spectra.store.source_state import Key
from tests import copies
from tests.pages.conftest import app_store, database, healthy, open_page  # noqa: F401 (a fixture)
from tests.servers import cloudflare
from tests.servers import electricity_maps as em
from tests.servers.aws import (
    EMISSIONS,
    FINDINGS,
    ec2_refusal,
    endpoints,
    product,
    refusal,
    sts_refusal,
)
from tests.servers.base import Answer
from tests.servers.moto import ACCOUNT, KEYS
from tests.servers.world import every_service

HOUR, MISSING = timedelta(hours=1), timedelta(hours=5)
NOBODY = "http://127.0.0.1:9"
ONCE = RETRIES.new(total=0, read=0)
PATIENT, HASTY = (5.0, 5.0), (5.0, 0.4)  # a busy machine answers late, too
REGION, ZONE = "us-east-1", "US-MIDA-PJM"
PLACE = f"{ACCOUNT}/{REGION}"

# Service, what it is asked, and the dataset and the part of the world that this is for.
ASKED = {
    "sign-in": ("STS", "GetCallerIdentity", "account", "own keys"),
    "machines": ("EC2", "DescribeInstances", "inventory", PLACE),
    "load": ("CLOUDWATCH", "GetMetricData", "utilisation", PLACE),
    "costs": ("COST_EXPLORER", "GetCostAndUsage", "costs", ACCOUNT),
    "findings": ("COMPUTE_OPTIMIZER", "GetEC2InstanceRecommendations", "findings", PLACE),
    "prices": ("PRICING", "GetProducts", "prices", PLACE),
    "emissions": ("SUSTAINABILITY", "/v1/estimated-carbon-emissions", "emissions", ACCOUNT),
    "plan": ("grids", "/zones", "plan", ""),
    "grids": ("grids", "/carbon-intensity/history", "intensity", ZONE),
    "latency": ("radar", "/radar/origins/summary/PERCENTILE", "latency", ""),
}
SOURCES = {"grids": "electricity_maps", "radar": "cloudflare_radar"}
AWS = [asked for asked in ASKED.values() if asked[0] not in SOURCES]
# What is asked beside a source that fails, of the two others.
BESIDE = {
    "aws": ("plan", "latency"),
    "electricity_maps": ("costs", "latency"),
    "cloudflare_radar": ("costs", "plan"),
}
LATE = Answer(200, {}, seconds=0.8)
HTML = Answer(200, "<html>Please sign in to the hotel's network</html>")
FAILING = {
    "grids": Answer(500, {}),
    "radar": cloudflare.INTERNAL,
    "EC2": ec2_refusal("InternalError", status=500),
    "STS": sts_refusal("InternalFailure", status=500),
}
THROTTLED = {
    "grids": em.THROTTLED,
    "radar": cloudflare.THROTTLED,
    "EC2": ec2_refusal("RequestLimitExceeded", status=503),
    "STS": sts_refusal("Throttling", status=400),
}
FAULTS = {
    "down": (lambda service: None, "UnreachableError"),
    "slow": (lambda service: LATE, "UnreachableError"),
    "failing": (
        lambda service: FAILING.get(service, refusal("InternalFailure", status=500)),
        "UnreachableError",
    ),
    "throttled": (
        lambda service: THROTTLED.get(service, refusal("ThrottlingException")),
        "ThrottledError",
    ),
    "HTML": (lambda service: HTML, "MalformedError"),
}
# A service that fails is read alike of all of AWS; of a method that says nothing useful Radar is
# asked by another one.
ROWS = [
    (name, fault)
    for name in ASKED
    for fault in FAULTS
    if (fault != "failing" or name in {"machines", "grids", "latency"})
    and (name, fault) != ("latency", "HTML")
]
TABLES = {
    "instances": "instance_id, valid_from, valid_to, state",
    "volumes": "volume_id, valid_from, valid_to, size_gib",
    "utilisation": "resource_key, hour, cpu_avg_pct",
    "costs": '"day", region, service, team, billed_cost_usd',
    "optimizer_findings": "instance_id, region, finding, options",
    "provider_emissions": '"month", region, service, emissions_type, emissions_kg',
    "intensities": "zone, hour, intensity_lifecycle_g_per_kwh",
    "power_mix": "* EXCLUDE fetched_at",
    "emissions_hourly": "hour",  # its figures follow what was read
}


class Remembered(Access):
    """Signs in once for each set of addresses: clients take longer to make than to ask."""

    accounts: ClassVar = {}

    def account(self, role=None):
        addresses = {name: url for name, url in os.environ.items() if "AWS_ENDPOINT" in name}
        way = f"{self._options.read_timeout} {sorted(addresses.items())}"
        if way not in self.accounts:
            self.accounts[way] = super().account(role)
        return self.accounts[way]


@pytest.fixture(scope="module")
def services(moto_process):
    with every_service(moto_process) as running, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            environment.setenv(name, "/nonexistent")
        for name, url in running.endpoints().items():
            environment.setenv(name, url)
        running.grids.estimated_for = timedelta()  # or the hour that goes by revises one
        yield running


@pytest.fixture(scope="module")
def earlier(services, tmp_path_factory):
    """A database file as a refresh has left it some hours ago."""
    (machine,) = services.moto.launch(REGION)
    services.busy(REGION, machine, 40.0, hours=9)
    path = tmp_path_factory.mktemp("earlier") / "s.duckdb"
    store = Store(copies.empty_store(path))
    assert live(services, store).refresh().failures == ()
    with store.write() as cursor:
        for moment in ("valid_from", "launched_at"):
            cursor.execute(f"UPDATE instances SET {moment} = {moment} - ?", [2 * MISSING])
        cursor.execute("DELETE FROM telemetry_asked")
    make_due(store, "utilisation")
    assert live(services, store).refresh().failures == ()
    with store.write() as cursor:
        for table in ("intensities", "utilisation"):
            cursor.execute(f"DELETE FROM {table} WHERE hour > ?", [current_hour() - MISSING])
        cursor.execute("UPDATE source_state SET read_until = read_until - ?", [MISSING])
        cursor.execute("UPDATE telemetry_asked SET asked_until = asked_until - ?", [MISSING])
        cursor.execute("CREATE TABLE before_all AS FROM source_state")
    store.close()
    return path


@pytest.fixture(scope="module")
def kept(earlier, tmp_path_factory):
    """One store for all that fails, none of which leaves a mark but in the states of sources."""
    opened = Store(shutil.copy(earlier, tmp_path_factory.mktemp("kept") / "s.duckdb"))
    yield opened
    opened.close()


@pytest.fixture
def store(kept):
    with kept.write(is_fact=False) as cursor:
        cursor.execute("DELETE FROM source_state; INSERT INTO source_state FROM before_all")
    return kept


def live(services, store, service="", fault=""):
    """A refresh of everything, with a service that is down or not waited for."""

    def url_of(name, server):
        return NOBODY if (service, fault) == (name, "down") else server.url

    def patience(*names):
        return HASTY if service in names and fault == "slow" else PATIENT

    keys = AwsKeys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
    connections = services.connections(
        aws=Remembered(keys, max_attempts=1, timeout_s=patience(*(n for n, *_ in AWS))),
        electricity_maps=ElectricityMaps(
            em.KEY, f"{url_of('grids', services.grids)}/v4", retries=ONCE,
            timeout_s=patience("grids"),
        ),
        radar=Radar(
            cloudflare.TOKEN, url_of("radar", services.radar), retries=ONCE,
            timeout_s=patience("radar"),
        ),
    )  # fmt: skip
    return services.live(store, connections=connections, regions=(REGION,))


def known(store):
    """Rows of what was read and computed, by table."""
    return {
        table: {
            str(row) for row in store.cursor().execute(f"SELECT {columns} FROM {table}").fetchall()
        }
        for table, columns in TABLES.items()
    }


def lost(before, after):
    """Rows that were known before and are not now, by table."""
    gone = {table: rows - after[table] for table, rows in before.items()}
    return {table: rows for table, rows in gone.items() if rows}


def make_due(store, *datasets):
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "UPDATE source_state SET succeeded_at = succeeded_at - INTERVAL 8 DAY, retry_at = NULL "
            "WHERE list_contains(?, dataset)",
            [list(datasets)],
        )


def spoil(services, monkeypatch, name, answer):
    """Let a service give one answer, whatever it is asked for this; None if nobody is there."""
    service, operation, *_ = ASKED[name]
    server = {"grids": services.grids, "radar": services.radar}.get(service, services.aws)
    if answer is not None:
        monkeypatch.setitem(server.always, operation, answer)
    if service not in SOURCES:
        url = NOBODY if answer is None else services.aws.url
        for variable, value in endpoints(url, service).items():
            monkeypatch.setenv(variable, value)


def refresh(services, store, name, fault=""):
    """Ask for what is named and for the other sources beside it; what became of each."""
    service, _, dataset, scope = ASKED[name]
    key = Key(SOURCES.get(service, "aws"), dataset, scope)
    make_due(store, dataset, *BESIDE[key.source])
    report = live(services, store, service, fault).refresh()
    return key, {outcome.key: outcome for outcome in report.outcomes}


@pytest.mark.parametrize(("name", "fault"), ROWS)
def test_a_source_that_fails_takes_nothing_away_and_stops_no_other(
    services, store, monkeypatch, name, fault
):
    make, status = FAULTS[fault]
    before = known(store)
    spoil(services, monkeypatch, name, make(ASKED[name][0]))
    key, found = refresh(services, store, name, fault)
    assert lost(before, known(store)) == {}
    assert (found[key].status, source_state.read(store, key).status) == ("failed", status), found[
        key
    ]
    assert found[key].detail.endswith(".")
    assert found[key].next_step
    assert KEYS["aws_secret_access_key"] not in f"{found[key]}"
    for other in (k for k in found if k.source != key.source):
        assert (found[other].status, found[other].row_count > 0) == ("ok", True), found[other]
    assert {k.dataset for k in found} >= set(BESIDE[key.source])


SILENT = {"load": "AWS", "grids": "Electricity Maps API", "latency": "Cloudflare Radar"}


@pytest.mark.parametrize("name", SILENT)
def test_a_page_says_how_old_it_is_and_what_fails_until_it_is_mended(
    services,
    earlier,
    monkeypatch,
    database,  # noqa: F811 (a fixture)
    name,
):
    store = Store(shutil.copy(earlier, database))
    newest = {
        table: store.row(f"SELECT max(hour) FROM {table}")[0]
        for table in ("intensities", "utilisation")
    }

    def grown():
        return {
            t
            for t, hour in newest.items()
            if store.row(f"SELECT max(hour) > ? FROM {t}", [hour])[0]
        }

    with monkeypatch.context() as spoilt:
        spoil(services, spoilt, name, FAULTS["failing"][0](ASKED[name][0]))
        make_due(store, "intensity", "utilisation", "latency")
        live(services, store).refresh()
    silent = {"load": {"utilisation"}, "grids": {"intensities"}}.get(name, set())
    assert grown() == set(newest) - silent
    store.close()
    app = healthy(open_page("settings", section="Usage"))
    (state,) = app_failing(app)
    assert (state["source"], state["failure_count"]) == (SILENT[name], 1)
    assert state["succeeded_at"] < state["retry_at"]
    badges = " ".join(text.value for text in app.markdown)
    assert (" old" in badges) == bool(silent)
    app_store().close()
    store = Store(database)
    assert live(services, store).refresh(retry=True).failures == ()
    assert grown() == set(newest)
    assert store.row("SELECT count(*) FROM source_state WHERE status <> 'ok'") == (0,)
    store.close()


def app_failing(app):
    """Rows of the table of what is not read at the moment."""
    (table,) = [t.value for t in app.dataframe if "failure_count" in t.value]
    return table.to_dict("records")


def test_a_refresh_that_finds_no_room_is_made_up_for(services, earlier, disk):
    store = Store(shutil.copy(earlier, disk.folder / "refreshed.duckdb"))
    store.cursor().execute("CHECKPOINT")
    before = known(store)
    make_due(store, "intensity", "utilisation", "latency")
    with disk.full(), pytest.raises(StoreError, match="is full"):
        live(services, store).refresh()
    assert lost(before, known(store)) == {}
    assert live(services, store).refresh(retry=True).failures == ()
    assert lost(before, known(store)) == {}
    assert len(known(store)["utilisation"]) > len(before["utilisation"])
    store.close()


def machine(name, launched, *, kind="m5.large", state="running"):
    """An instance as EC2 lists it; without what is None."""
    parts = {
        "instanceId": name,
        "instanceType": kind,
        "launchTime": launched,
        "instanceState": state and f"<name>{state}</name>",
    }
    listed = "".join(f"<{tag}>{text}</{tag}>" for tag, text in parts.items() if text is not None)
    return f"<item>{listed}</item>"


def listing(*machines):
    """What EC2 answers that lists these."""
    body = f"<reservationSet><item><instancesSet>{''.join(machines)}</instancesSet></item>"
    return Answer(
        200,
        f"<DescribeInstancesResponse>{body}</reservationSet></DescribeInstancesResponse>",
        {"Content-Type": "text/xml"},
    )


def as_known(store):
    """The machines that are known to run, as EC2 listed them."""
    rows = store.frame(
        "SELECT instance_id, launched_at, state FROM instances WHERE valid_to IS NULL"
    )
    return [
        machine(row.instance_id, f"{row.launched_at:%Y-%m-%dT%H:%M:%S}Z", state=row.state)
        for row in rows.itertuples()
    ]


def finding(**changes):
    (given,) = FINDINGS["instanceRecommendations"]
    return Answer(200, {"instanceRecommendations": [{**given, **changes}], "errors": []})


def emitted(**changes):
    (given,) = EMISSIONS["Results"]
    return Answer(200, {"Results": [{**given, **changes}]})


def tonnes(value, unit="MTCO2e"):
    return {"TOTAL_LBM_CARBON_EMISSIONS": {"Value": value, "Unit": unit}}


LATER = "2099-01-01T00:00:00Z"
# Beside the machine that is there, EC2 lists this one.
MACHINES = {
    "no type": machine("i-lie", LATER, kind=None),
    "no state": machine("i-lie", LATER, state=None),
    "no name": machine(None, LATER),
    "no moment": machine("i-lie", "soon"),
    "another state": machine("i-dancing", LATER, state="dancing"),
    "to come": machine("i-to-come", LATER),
    "twice": machine("i-twice", LATER) * 2,
}
HARMLESS = ("another state", "to come", "twice")
LIES = {
    "findings": {
        "no list": Answer(200, {}),
        "no machine": finding(instanceArn=None),
        "a word": finding(lookBackPeriodInDays="long"),
        "a moment that is none": finding(lastRefreshTimestamp="soon"),
        "options that are none": finding(recommendationOptions=7),
    },
    "emissions": {
        "no list": Answer(200, {}),
        "another unit": emitted(EmissionsValues=tonnes(1.0, "lb")),
        "a word": emitted(EmissionsValues=tonnes("much")),
        "no month": emitted(TimePeriod={}),
        "no place": emitted(DimensionsValues=None),
    },
}


@pytest.mark.parametrize(
    ("name", "lie"),
    [("machines", lie) for lie in MACHINES] + [(name, lie) for name in LIES for lie in LIES[name]],
)
def test_a_source_that_lies_takes_nothing_away(services, store, monkeypatch, name, lie):
    before = known(store)
    answer = LIES[name][lie] if name in LIES else listing(*as_known(store), MACHINES[lie])
    monkeypatch.setitem(
        services.aws.always, "DescribeVolumes", ec2_refusal("UnauthorizedOperation")
    )
    spoil(services, monkeypatch, name, answer)
    key, found = refresh(services, store, name)
    assert lost(before, known(store)) == {}
    assert found[key].status == ("ok" if lie in HARMLESS else "failed")
    assert found[key].detail.endswith((".", ").")) or not found[key].detail
    for other in (k for k in found if k.source != key.source):
        assert (found[other].status, found[other].row_count > 0) == ("ok", True), found[other]


REVISED = {
    "prices": (
        Answer(200, {"PriceList": [json.dumps(product("m5.large", "0.2"))]}),
        "SELECT usd_per_hour FROM prices WHERE source = 'aws_pricing'",
        0.2,
    ),
    "findings": (
        finding(finding="UNDER_PROVISIONED"),
        "SELECT finding FROM optimizer_findings",
        "under_provisioned",
    ),
    "emissions": (
        emitted(EmissionsValues=tonnes(0.5)),
        "SELECT emissions_kg FROM provider_emissions WHERE emissions_type LIKE '%LBM%'",
        500.0,
    ),
    "latency": (cloudflare.summary({"p50": "9.5"}), "SELECT rtt_ms_p50 FROM latency", 9.5),
}


@pytest.mark.parametrize("name", REVISED)
def test_what_is_revised_takes_the_place_of_what_was_said_before(
    services, store, monkeypatch, name
):
    answer, query, value = REVISED[name]
    ((before,),) = store.cursor().execute(query).fetchall()
    assert before != value
    spoil(services, monkeypatch, name, answer)
    key, found = refresh(services, store, name)
    assert found[key].status == "ok"
    assert store.cursor().execute(query).fetchall() == [(value,)]


def test_a_load_that_is_revised_is_the_only_one_of_its_hour(services, store):
    (there,) = store.row("SELECT resource_id FROM resources WHERE resource_key = 1")
    loads = "SELECT hour, cpu_avg_pct FROM utilisation ORDER BY hour"
    before = store.cursor().execute(loads).fetchall()
    services.busy(REGION, there, 80.0, hours=9)
    refresh(services, store, "load")
    after = store.cursor().execute(loads).fetchall()
    hours = [hour for hour, _ in after]
    assert len(set(hours)) == len(hours)
    assert {hour for hour, _ in before} <= set(hours)
    assert dict(before)[hours[-6]] == 40.0 < dict(after)[hours[-6]]
