"""What live sources add to the store: each row once, nothing mixed, nothing lost."""

import io
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.errors import InputError
from spectra.refresh import refresh_demo
from spectra.sources.aws.frames import tidy
from spectra.store import (
    Store,
    emission_queries,
    fleet_queries,
    inventory_queries,
    latency_queries,
)
from spectra.store.clearing import SOURCE_GROUPS, clear_source
from spectra.store.live_writes import (
    write_findings,
    write_prices,
    write_provider_costs,
    write_resource_costs,
    write_rows,
)
from spectra.store.saved_settings import save_settings, saved_settings
from spectra.store.selection import Selection
from spectra.store.tags import TagRules
from spectra.store.writes import write_instances
from spectra.ui import headlines
from tests.fleet import FETCHED, instances, utc

CATALOG = load_catalog()
DAY = date(2026, 11, 20)


def costs(*rows: dict) -> pd.DataFrame:
    plain = {
        "day": DAY, "account_id": "1", "region": "us-east-1", "service": "Amazon EC2",
        "resource_id": "", "purchase_option": "all", "team": "core",
        "list_cost_usd": float("nan"), "billed_cost_usd": 1.0, "effective_cost_usd": 0.5,
        "is_provisional": False, "source": "aws_cost_explorer", "quality": "measured",
        "fetched_at": FETCHED,
    }  # fmt: skip
    return pd.DataFrame([{**plain, **row} for row in rows])


@pytest.fixture
def store():
    opened = Store()
    yield opened
    opened.close()


def test_two_spellings_of_a_team_are_one_and_keep_their_sum(store):
    frame = costs({"team": "Core"}, {"team": "core ", "billed_cost_usd": 2.0})
    write_provider_costs(store, frame)
    assert store.row("SELECT team, billed_cost_usd FROM costs") == ("core", 3.0)


def test_an_alias_is_followed(store):
    write_provider_costs(store, costs({"team": "pay"}), TagRules(aliases={"pay": "payments"}))
    assert store.row("SELECT team FROM costs") == ("payments",)


def test_a_later_answer_replaces_the_whole_day(store):
    write_provider_costs(store, costs({"team": "core"}, {"team": "old-name"}))
    write_provider_costs(store, costs({"team": "core", "billed_cost_usd": 4.0}))
    assert store.frame("SELECT team, billed_cost_usd FROM costs").values.tolist() == [["core", 4.0]]


def test_an_unknown_amount_stays_unknown(store):
    write_provider_costs(store, costs({"effective_cost_usd": float("nan")}))
    assert store.row("SELECT effective_cost_usd FROM costs") == (None,)


def test_costs_of_machines_stand_beside_the_bill_and_replace_their_own_days(store):
    def of(name, day="2026-11-20"):
        return {
            "day": pd.Timestamp(day).date(), "account_id": "111111111111", "resource_id": name,
            "purchase_option": "spot", "billed_cost_usd": 1.0, "effective_cost_usd": 1.0,
            "is_provisional": False, "source": "aws_cost_explorer", "fetched_at": FETCHED,
        }  # fmt: skip

    write_provider_costs(store, costs({}))
    write_resource_costs(store, pd.DataFrame([of("i-1"), of("i-2"), of("i-1", "2026-11-19")]))
    write_resource_costs(store, pd.DataFrame([of("i-3")]))
    found = store.frame('SELECT "day"::VARCHAR, resource_id FROM resource_costs ORDER BY ALL')
    assert found.values.tolist() == [["2026-11-19", "i-1"], ["2026-11-20", "i-3"]]
    selection = Selection(utc("2026-11-20"), utc("2026-11-21"))
    assert emission_queries.costs(store, selection)["effective_usd"] == 0.5


def test_a_price_that_aws_states_is_kept_over_the_catalogue_s(store):
    from spectra.store.factors import write_factors

    write_instances(store, instances({"instance_id": "i-1", "valid_from": "2026-11-20"}))
    write_factors(store, CATALOG)
    before = store.row("SELECT usd_per_hour FROM prices WHERE region = 'eu-central-1'")[0]
    write_prices(store, pd.DataFrame([{
        "instance_type": "m5.xlarge", "region": "eu-central-1", "usd_per_hour": before * 2,
        "as_of": DAY, "source": "aws_pricing", "fetched_at": FETCHED,
    }]))  # fmt: skip
    with store.write() as cursor:
        cursor.execute("DELETE FROM type_factors")  # as a new factor set would
    write_factors(store, CATALOG)
    after = store.row("SELECT usd_per_hour, source FROM prices WHERE region = 'eu-central-1'")
    assert after == (before * 2, "aws_pricing")
    assert fleet_queries.unpriced_types(store, ["m5.xlarge", "x"], "eu-central-1") == ["x"]
    clear_source(store, CATALOG, *SOURCE_GROUPS["aws"])
    write_factors(store, CATALOG)
    price, source = store.row(
        "SELECT usd_per_hour, source FROM prices WHERE region = 'eu-central-1'"
    )
    assert (price, source != "aws_pricing") == (before, True)


def test_what_aws_advises_no_more_is_gone_where_it_was_asked_alone(store):
    def told(region, *rows):
        findings = [
            {"instance_id": name, "account_id": "1", "region": region, "instance_type": "m5.large",
             "finding": finding, "reasons": "[]", "options": "[]",
             "source": "aws_compute_optimizer", "fetched_at": FETCHED}
            for name, finding in rows
        ]  # fmt: skip
        write_findings(store, ("1", region), tidy("findings", findings))
        return store.cursor().execute(
            "SELECT instance_id, finding FROM optimizer_findings ORDER BY ALL"
        ).fetchall()  # fmt: skip

    told("us-east-1", ("i-1", "optimized"), ("i-2", "optimized"))
    told("eu-west-1", ("i-3", "optimized"))
    assert told("us-east-1", ("i-2", "over_provisioned")) == [
        ("i-2", "over_provisioned"), ("i-3", "optimized"),
    ]  # fmt: skip
    assert told("us-east-1") == [("i-3", "optimized")]


def test_only_known_small_tables_are_written_by_name(store):
    with pytest.raises(ValueError, match="meta"):
        write_rows(store, "meta", pd.DataFrame([{"name": "x"}]))


def test_a_name_or_a_foreign_tag_changes_no_hour(store):
    from spectra.store.ledger import extend_ledger

    row = {"instance_id": "i-1", "valid_from": "2026-11-20"}
    write_instances(store, instances(row))
    extend_ledger(store, CATALOG, utc("2026-11-20"), utc("2026-11-21"))
    with store.write() as cursor:
        cursor.execute("DELETE FROM stale_hours")
    write_instances(store, instances({**row, "name": "web"}))
    assert store.row("SELECT count(*) FROM stale_hours") == (0,)
    assert store.row("SELECT name FROM instances") == ("web",)
    write_instances(store, instances({**row, "valid_to": "2026-11-20T20:00"}))
    assert store.row("SELECT count(*), min(hour) FROM stale_hours") == (4, utc("2026-11-20T20:00"))


def test_settings_are_kept_and_secrets_refused(store):
    save_settings(store, {"regions": "eu-central-1", "automation": "on"})
    save_settings(store, {"regions": "eu-west-1"})
    assert saved_settings(store) == {"regions": "eu-west-1", "automation": "on"}
    for name in ("aws_secret_access_key", "database", "no_such_setting"):
        with pytest.raises(InputError, match="not saved"):
            save_settings(store, {"automation": "off", name: "x"})
    assert saved_settings(store)["automation"] == "on"


def test_clearing_a_source_leaves_the_others():
    store = Store()
    refresh_demo(store, CATALOG, days=2)
    write_provider_costs(store, costs({}))
    rows = clear_source(store, CATALOG, "demo")
    assert rows > 1000
    found = inventory_queries.datasets(store)
    assert found[["dataset", "source"]].values.tolist() == [["costs", "aws_cost_explorer"]]
    assert store.row("SELECT count(*) FROM emissions_hourly") == (0,)
    assert refresh_demo(store, CATALOG, days=2) is True
    assert store.row("SELECT count(*) > 0 FROM emissions_hourly") == (True,)
    store.close()


def test_an_export_holds_what_is_on_screen(store):
    write_provider_costs(store, costs({}, {"day": date(2026, 11, 22)}))
    span = utc("2026-11-20"), utc("2026-11-21")
    assert inventory_queries.count_between(store, "costs", *span) == 1
    content = inventory_queries.parquet_bytes(store, "costs", *span)
    assert pd.read_parquet(io.BytesIO(content))["source"].tolist() == ["aws_cost_explorer"]
    with pytest.raises(ValueError, match="not a dataset"):
        inventory_queries.count_between(store, "settings", *span)


def test_tag_keys_of_the_present_fleet(store):
    write_instances(store, instances(
        {"instance_id": "i-1", "valid_from": "2026-11-20", "tags": {'odd "key"': "a", "team": "x"}},
        {"instance_id": "i-2", "valid_from": "2026-11-20", "tags": {"team": "y"}},
    ))  # fmt: skip
    keys = fleet_queries.tag_keys(store).set_index("tag_key")
    assert keys.loc["team", "resource_count"] == 2
    assert list(keys.loc["team", "examples"]) == ["x", "y"]
    assert keys.loc['odd "key"', "resource_count"] == 1


def test_the_newest_latency_of_the_region_itself_counts_before_a_proxy(store):
    def row(method: str, ms: float, day: str, *, proxy: bool = False) -> dict:
        return {
            "region": "eu-central-1", "method": method, "measured_at": utc(day), "meaning": method,
            "is_proxy": proxy, "rtt_ms_p50": ms, "rtt_ms_p90": None, "rtt_ms_p99": None,
            "confidence_level": None, "source": "x", "quality": "measured", "fetched_at": FETCHED,
        }  # fmt: skip

    write_rows(store, "latency", pd.DataFrame([
        row("radar_iqi_country", 20.0, "2026-11-25", proxy=True),
        row("radar_origins_percentile", 2.0, "2026-11-20"),
        row("radar_origins_percentile", 3.0, "2026-11-24"),
    ]))  # fmt: skip
    assert latency_queries.newest(store)["rtt_ms_p50"].tolist() == [3.0]
    write_rows(store, "latency", pd.DataFrame([row("tcp_probe", 9.0, "2026-11-21")]))
    assert latency_queries.newest(store)["meaning"].tolist() == ["tcp_probe"]
    today = row("radar_origins_percentile", 4.0, "2026-11-29")
    write_rows(store, "latency", pd.DataFrame([today]))
    assert latency_queries.newest(store)["rtt_ms_p50"].tolist() == [4.0]  # the probe is old by now


@pytest.mark.parametrize(
    ("chosen", "billed", "said"),
    [({"environments": ("production",)}, True, "the bill does not tell these filters"),
     ({"environments": ("production",)}, False, "no bill is known"),
     ({}, False, "no bill is known")],
)  # fmt: skip
def test_a_bill_that_filters_hide_is_not_denied(store, chosen, billed, said):
    if billed:
        write_provider_costs(store, costs({}))
    span = (utc("2026-11-20").to_pydatetime(), utc("2026-11-21").to_pydatetime())
    page = SimpleNamespace(
        selection=Selection(*span, **chosen), get=lambda query, *given: query(store, *given)
    )
    assert headlines.why_list_price(page, 1.0) == f"at list price, {said}"
