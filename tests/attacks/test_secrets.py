"""Keys that must be nowhere: in no text of an object, dump, log, file, nor in what the CLI says."""

import copy
import json
import logging
import os
import pickle
import subprocess
import sys

import pytest

from spectra.config import load_config
from spectra.refresh.connections import SessionKeys, private_connections, shared_connections
from spectra.sources.aws import Access, AwsKeys, Role
from spectra.store import Store
from spectra.unwritten import fingerprint
from tests.pages.conftest import ROOT
from tests.servers import electricity_maps as em
from tests.servers.moto import KEYS

ARN = "arn:aws:iam::123456789012:role/Spectra"
SECRETS = {
    "SPECTRA_AWS_ACCESS_KEY_ID": "AKIACANARY0000000001",
    "SPECTRA_AWS_SECRET_ACCESS_KEY": "canary-secret-access-key",
    "SPECTRA_AWS_SESSION_TOKEN": "canary-session-token",
    "SPECTRA_AWS_EXTERNAL_ID": "canary-external-id",
    "SPECTRA_ELECTRICITY_MAPS_KEY": "canary-electricity-maps",
    "SPECTRA_CLOUDFLARE_TOKEN": "canary-cloudflare",
    "SPECTRA_WEBHOOK_URL": "https://127.0.0.1/canary-webhook",
}


def holders():
    config = load_config({**SECRETS, "SPECTRA_AWS_ROLE_ARNS": ARN})
    aws = AwsKeys("AKIACANARY0000000002", "canary-typed-secret", "canary-typed-token")
    keys = SessionKeys(aws, (Role(ARN, "canary-typed-id"),), "canary-typed-em", "canary-typed-cf")
    yield from (config, keys, aws, keys.roles[0])
    for connections in (shared_connections(config), private_connections(config, keys)):
        yield from (connections, connections.aws, connections.electricity_maps, connections.radar)


@pytest.mark.parametrize("holder", list(holders()), ids=lambda holder: type(holder).__name__)
def test_who_holds_a_secret_neither_shows_nor_writes_it(holder):
    for text in (repr(holder), str(holder), f"{holder}", repr([holder])):
        # The ID of a key is no secret of AWS's own, yet the operator's is not shown either.
        assert "canary" not in text
        assert "0000000001" not in text
    for write in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            write(holder)


def test_what_memory_does_not_hold_of_a_private_store_lies_on_no_disk_to_be_read(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    store = Store(memory_limit="24MB")
    with store.write() as cursor:
        cursor.execute(
            "CREATE TABLE spilled AS SELECT 'canary ' || range AS name, random() AS much "
            "FROM range(1_000_000)"
        )
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) > 1_000_000
    assert not [file for file in files if b"canary" in file.read_bytes()]
    assert store.row("SELECT count(*) FROM spilled WHERE name LIKE 'canary %'") == (1_000_000,)
    store.close()


def test_no_log_of_any_library_holds_a_key_or_that_of_a_role(world, caplog):
    caplog.set_level(logging.DEBUG)
    keys = AwsKeys("AKIACANARY0000000002", "canary-typed-secret", "canary-typed-token")
    account = Access(keys).account(Role(ARN, "canary-typed-id"))
    account.client("ec2").describe_instances()
    assumed = account._session.get_credentials().get_frozen_credentials()
    assert assumed.secret_key
    for secret in ("canary", assumed.secret_key, assumed.token):
        assert secret not in caplog.text


def test_a_file_tells_keys_apart_and_holds_nothing_of_them(world, tmp_path):
    store = Store(tmp_path / "s.duckdb")
    world.live(store, connections=world.connections(radar=None)).refresh()
    kept = store.frame("SELECT source, detail FROM source_state WHERE dataset <> 'inventory'")
    marks = {source: detail.split()[0] for source, detail in kept.dropna().values if detail}
    store.close()
    assert marks["aws"] == fingerprint(KEYS["aws_access_key_id"])
    assert marks["electricity_maps"] == fingerprint(em.KEY)
    # Of 4 bytes no key can be told: each of all that are possible shares them with very many.
    assert {len(mark) for mark in marks.values()} == {8}
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (*KEYS.values(), em.KEY):
        assert secret.encode() not in files


def test_a_command_that_fails_in_every_source_says_and_keeps_no_key(tmp_path):
    nobody = "http://127.0.0.1:9"
    done = subprocess.run(
        [sys.executable, "-m", "spectra", "check", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={
            **os.environ, **SECRETS,
            "SPECTRA_DATABASE": str(tmp_path / "spectra.duckdb"), "SPECTRA_DEMO": "off",
            "SPECTRA_REGIONS": "us-east-1", "SPECTRA_PORTAL_FOLDER": str(tmp_path / "none"),
            "SPECTRA_ELECTRICITY_MAPS_URL": nobody, "SPECTRA_CLOUDFLARE_URL": nobody,
            "AWS_ENDPOINT_URL": nobody, "AWS_MAX_ATTEMPTS": "1",
        },
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert {line["status"] for line in json.loads(done.stdout)} >= {"failed"}
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert files
    for secret in SECRETS.values():
        assert secret not in said
        assert secret.encode() not in files
    assert "Traceback" not in said
