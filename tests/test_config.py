"""Settings: where a value comes from, and what is said when it cannot be used."""

from dataclasses import fields
from pathlib import Path

import pytest

from spectra.config import Config, load_config
from spectra.errors import InputError
from spectra.setting_values import ROOT
from spectra.settings import SETTINGS
from spectra.store import Store

NO_SECRETS = Path("no-such-file.toml")


def test_defaults():
    config = load_config({}, NO_SECRETS)
    assert config.database == str(ROOT / "data" / "spectra.duckdb")
    assert (config.demo, config.public, config.demo_days) == (True, False, 90)


def test_environment_over_secrets_over_default(tmp_path):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[spectra]\ndemo = false\ndemo_days = 14\n[other]\nkey = "x"\n')
    config = load_config({"SPECTRA_DEMO_DAYS": "7", "SPECTRA_DATABASE": "md:fleet"}, secrets)
    assert (config.demo, config.demo_days, config.database) == (False, 7, "md:fleet")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPECTRA_DEMO_DAYS", "s3cret"),
        ("SPECTRA_PUBLIC", "s3cret"),
        ("SPECTRA_DATABASE", "md:fleet?motherduck_token=s3cret"),
    ],
)
def test_a_bad_value_is_named_by_its_origin_and_not_shown(variable, value):
    with pytest.raises(InputError, match=variable) as error:
        load_config({variable: value}, NO_SECRETS)
    assert value not in str(error.value)
    assert error.value.next_step


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[spectra]\nPublic = true", "Did you mean public"),
        ("[spectra]\npubllic = true", "Did you mean public"),
        ('[spectra]\nSPECTRA_PUBLIC = "on"', "Did you mean public"),
        ("[spectra]\nshared = true", "no setting"),
        ("public = true\n[spectra]\ndemo = true", "stand in the table"),
        ("[Spectra]\npublic = true", "stand in the table"),
        ("[[spectra]]\npublic = true", "no table"),
    ],
)
def test_a_misspelt_protection_in_the_file_is_refused(tmp_path, text, told):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(text)
    with pytest.raises(InputError, match=told):
        load_config({}, secrets)


def test_what_else_stands_in_the_file_is_left_alone(tmp_path):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        'motherduck_token = "x"\nAWS_ACCESS_KEY_ID = "x"\n[spectra]\npublic = true\n'
        '[connections.spectra]\nurl = "x"\n'
    )
    assert load_config({}, secrets).public


@pytest.mark.parametrize("variable", ["SPECTRA_PUBLC", "SPECTRA_PUBLLIC", "spectra_public"])
def test_a_misspelt_variable_is_refused_and_the_one_that_was_meant_is_named(variable):
    with pytest.raises(InputError, match=f"{variable} is no setting") as error:
        load_config({variable: "s3cret"}, NO_SECRETS)
    assert error.value.next_step == "Did you mean SPECTRA_PUBLIC?"
    assert "s3cret" not in str(error.value)


def test_variables_of_others_are_left_alone():
    kubernetes = ("SERVICE_HOST", "SERVICE_PORT", "PORT", "PORT_8501_TCP", "PORT_8501_TCP_ADDR")
    assert load_config({f"SPECTRA_{name}": "x" for name in kubernetes}, NO_SECRETS).demo


def test_a_place_that_is_empty_is_not_set(tmp_path):
    empty = {f"SPECTRA_{name}": "" for name in ("DATABASE", "PORTAL_FOLDER", "HISTORY_FOLDER")}
    assert load_config(empty, NO_SECRETS) == load_config({}, NO_SECRETS)
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[spectra]\ndatabase = ""\n')
    assert load_config({}, secrets) == load_config({}, NO_SECRETS)


@pytest.mark.parametrize("amount", ["512MB", "2 GiB", "1.5gb"])
def test_an_amount_of_memory_has_its_unit(amount):
    config = load_config({"SPECTRA_MEMORY_LIMIT": amount}, NO_SECRETS)
    Store(memory_limit=config.memory_limit).close()
    for wrong in (amount.rstrip("GMibB "), f"{amount}s", "0MB", "much"):
        with pytest.raises(InputError, match=r"SPECTRA_MEMORY_LIMIT.*512MB or 2GB"):
            load_config({"SPECTRA_MEMORY_LIMIT": wrong}, NO_SECRETS)


def test_broken_secrets_are_told_without_their_content(tmp_path):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('key = "s3cret')
    with pytest.raises(InputError, match="not valid TOML") as error:
        load_config({}, secrets)
    assert "s3cret" not in str(error.value)


def test_every_setting_is_defined_once_and_documented():
    assert [s.name for s in SETTINGS] == [f.name for f in fields(Config)]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert setting.help
        default = f"`{setting.default}`" if setting.default else ""
        mark = " *(saved)*" if setting.saved else " *(secret)*" if setting.secret else ""
        assert f"| `{setting.variable}` | {default} | {setting.help}{mark} |" in readme


def test_a_number_is_labelled_with_its_unit():
    labels = {s.name: s.label for s in SETTINGS}
    assert labels["anomaly_least_g"] == "Anomaly least excess [gCO2e]"
    assert labels["anomaly_least_usd"] == "Anomaly least excess [USD]"
    assert labels["anomaly_runaway_pct"] == "Anomaly runaway [%]"
    assert labels["anomaly_runaway_hours"] == "Anomaly runaway [h]"
    assert labels["carbon_price_usd_per_tonne"] == "Carbon price [USD/t]"
    assert labels["alert_intensity_g_per_kwh"] == "Alert intensity [gCO2e/kWh]"
    assert labels["aws_history_days"] == "AWS history days"
    assert labels["retention_hourly_days"] == "Retention hourly days"
