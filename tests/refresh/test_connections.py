"""Whose keys are used: the session's own, the operator's, the machine's where it is allowed."""

from dataclasses import replace
from pathlib import Path

import pytest

from spectra.config import load_config
from spectra.refresh.connections import SessionKeys, private_connections, shared_connections
from spectra.sources.aws import AwsKeys, Role

PLAIN = load_config({}, Path("no-such-file.toml"))
OPERATOR = replace(PLAIN, aws_access_key_id="AKIA", aws_secret_access_key="s",
                   electricity_maps_key="em", cloudflare_token="cf")  # fmt: skip
MINE = SessionKeys(AwsKeys("AKIAMINE", "mine"), (Role("arn:aws:iam::111111111111:role/R"),))


def parts(connections) -> list[bool]:
    return [
        c is not None for c in (connections.aws, connections.electricity_maps, connections.radar)
    ]


def test_without_anything_there_is_nothing():
    assert not shared_connections(PLAIN)


def test_what_the_operator_configured_is_the_shared_workspace_s():
    assert parts(shared_connections(OPERATOR)) == [True, True, True]


@pytest.mark.parametrize(("public", "used"), [(False, True), (True, False)])
def test_the_machine_s_own_chain_is_used_where_allowed_and_never_in_public(public, used):
    config = replace(PLAIN, aws_default_chain=True, public=public)
    assert bool(shared_connections(config)) is used


def test_roles_of_the_operator_are_assumed():
    arns = ("arn:aws:iam::111111111111:role/A", "arn:aws:iam::222222222222:role/B")
    config = replace(OPERATOR, aws_role_arns=arns, aws_external_id="x")
    access = shared_connections(config).aws
    assert [role.arn for role in access.roles] == list(arns)
    assert {role.external_id for role in access.roles} == {"x"}


@pytest.mark.parametrize(
    "change",
    [
        {"aws_secret_access_key": "corrected"},
        {"aws_role_arns": ("arn:aws:iam::111111111111:role/A",), "aws_external_id": "x"},
        {"electricity_maps_key": "other"},
        {"cloudflare_token": "other"},
    ],
)
def test_other_keys_are_told_from_those_before(change):
    before, same, after = (
        shared_connections(config).fingerprints()
        for config in (OPERATOR, OPERATOR, replace(OPERATOR, **change))
    )
    assert before == same
    assert len(before.items() - after.items()) == 1
    assert shared_connections(PLAIN).fingerprints() == {}


def test_a_session_reads_aws_with_its_own_keys_alone():
    only_grids = SessionKeys(electricity_maps_key="mine")
    assert private_connections(OPERATOR, only_grids).aws is None
    assert private_connections(OPERATOR, MINE).aws.roles == MINE.roles


def test_grids_and_latency_may_use_the_operator_s_keys_but_not_in_public():
    assert parts(private_connections(OPERATOR, MINE)) == [True, True, True]
    assert parts(private_connections(replace(OPERATOR, public=True), MINE)) == [True, False, False]
