"""AWS's carbon emissions export as AWS writes it, and files that are none."""

import gzip
import io
from datetime import UTC, datetime

import pandas as pd
import pytest

from spectra.errors import InputError
from spectra.reporting.carbon_import import import_carbon_export
from spectra.sources.carbon_export import read_carbon_export
from spectra.store import Store

NOW = datetime(2026, 11, 25, tzinfo=UTC)
HEADER = (
    "last_refresh_timestamp,location,model_version,payer_account_id,product_code,region_code,"
    "total_lbm_emissions_unit,total_lbm_emissions_value,total_mbm_emissions_unit,"
    "total_mbm_emissions_value,usage_account_id,usage_period_end,usage_period_start"
)


def line(lbm="0.002", mbm="", start="2026-09-01 00:00:00Z", unit="MTCO2e", region="us-east-1"):
    return (
        f"2026-11-20 00:00:00Z,US East (N. Virginia),v3.0.0,111111111111,Amazon EC2,{region},"
        f"{unit},{lbm},{unit},{mbm},000000000012,2026-10-01 00:00:00Z,{start}"
    )


def text(*lines):
    return "\n".join([HEADER, *lines]).encode()


def test_metric_tonnes_become_kilograms_and_an_empty_cell_is_left_out():
    frame = read_carbon_export(text(line(), line(lbm="0.001")), NOW)
    assert len(frame) == 1
    row = frame.iloc[0]
    assert row["emissions_kg"] == pytest.approx(3.0)
    assert (row["account_id"], row["emissions_type"]) == (
        "000000000012",
        "TOTAL_LBM_CARBON_EMISSIONS",
    )
    assert str(row["month"]) == "2026-09-01"


@pytest.mark.parametrize("newer", ["v3.10.0", "v12", f"v4.{'9' * 30}"])
def test_the_newest_model_is_so_by_its_numbers(newer):
    lines = line().replace("v3.0.0", "v3.9.0"), line().replace("v3.0.0", newer)
    for order in (lines, lines[::-1]):
        assert read_carbon_export(text(*order), NOW)["model_version"].tolist() == [newer]


def test_scopes_of_newer_exports():
    header = HEADER.replace("total_mbm", "total_scope_2_mbm")
    content = text(line(mbm="0")).replace(HEADER.encode(), header.encode())
    frame = read_carbon_export(content, NOW).set_index("emissions_type")
    assert frame.loc["TOTAL_SCOPE_2_MBM_CARBON_EMISSIONS", "emissions_kg"] == 0


def test_gzip_and_parquet_say_the_same():
    plain = text(line(), line(mbm="0.5", region=""))
    expected = read_carbon_export(plain, NOW)
    pd.testing.assert_frame_equal(read_carbon_export(gzip.compress(plain), NOW), expected)
    frame = pd.read_csv(io.BytesIO(plain), dtype={"usage_account_id": str, "region_code": str})
    frame["usage_period_start"] = pd.to_datetime(frame["usage_period_start"], utc=True)
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    found = read_carbon_export(buffer.getvalue(), NOW)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2",
        b"\x00\xff\xfe",
        b"PAR1garbage",
        b"\x1f\x8bgarbage",
        text(line(lbm="-1")),
        text(line(lbm="many")),
        text(line(lbm="inf")),
        text(line(lbm="1e300")),
        text(line(unit="lbs")),
        text(line(start="2026-09-15 00:00:00Z")),
        text(line(start="soon")),
        text(line(start="-1")),
    ],
)
def test_what_is_no_export_is_refused(content):
    with pytest.raises(InputError) as caught:
        read_carbon_export(content, NOW)
    assert caught.value.next_step


def test_it_lands_in_the_store_and_a_bad_one_changes_nothing():
    store = Store()
    assert import_carbon_export(store, "export.csv", text(line(mbm="0.5"))) == 2
    assert import_carbon_export(store, "export.csv", text(line(mbm="0.5"))) == 2
    with pytest.raises(InputError):
        import_carbon_export(store, "bad.csv", text(line(lbm="-1")))
    assert store.row("SELECT count(*), sum(emissions_kg) FROM provider_emissions") == (2, 502.0)
    store.close()
