"""The role's template as AWS would take it."""

import json
import re
from pathlib import Path

import pytest

from spectra.config import load_config
from spectra.settings import SETTINGS
from spectra.sources.aws.permissions import READ_ACTIONS
from spectra.ui.settings import policies
from tests.servers.moto import ACCOUNT


def test_a_stack_of_the_template_makes_the_role(quiet_environment, moto_process):
    moto_process.reset()
    moto_process.client("cloudformation").create_stack(
        StackName="spectra",
        TemplateBody=policies.cloudformation(),
        Parameters=[
            {"ParameterKey": "TrustedAccountId", "ParameterValue": "210987654321"},
            {"ParameterKey": "ExternalId", "ParameterValue": "a-random-text"},
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    (stack,) = moto_process.client("cloudformation").describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert [o["OutputValue"] for o in stack["Outputs"]] == [
        f"arn:aws:iam::{ACCOUNT}:role/SpectraReadOnly"
    ]
    iam = moto_process.client("iam")
    (trust,) = iam.get_role(RoleName="SpectraReadOnly")["Role"]["AssumeRolePolicyDocument"][
        "Statement"
    ]
    assert trust["Principal"] == {"AWS": "arn:aws:iam::210987654321:root"}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "a-random-text"}}
    kept = iam.get_role_policy(RoleName="SpectraReadOnly", PolicyName="SpectraRead")
    # moto keeps the one of a stack as text.
    named = re.findall(r"[a-z0-9-]+:[A-Z]\w+", str(kept["PolicyDocument"]))
    assert sorted(named) == sorted(READ_ACTIONS)


def test_the_linter_of_cloudformation_finds_no_error():
    lint = pytest.importorskip("cfnlint.api", reason="cfn-lint comes with moto[server]").lint_all
    found = lint(policies.cloudformation())
    # What it is informed of (I) says nothing about whether AWS takes it.
    assert [str(match) for match in found if not match.rule.id.startswith("I")] == []


@pytest.mark.parametrize("text", [policies.read_policy(), policies.action_policy()])
def test_a_policy_can_be_created(quiet_environment, moto_process, text):
    moto_process.reset()
    iam = moto_process.client("iam")
    made = iam.create_policy(PolicyName="spectra", PolicyDocument=text)
    assert made["Policy"]["PolicyName"] == "spectra"
    assert json.loads(text)["Version"] == "2012-10-17"


def test_the_snippet_for_github_sets_what_there_is():
    names = set(re.findall(r"^ {10}(\w+): ", policies.GITHUB_ACTIONS, re.MULTILINE))
    ours = {name for name in names if name.startswith("SPECTRA_")}
    assert ours
    assert ours <= {setting.variable for setting in SETTINGS}
    assert "motherduck_token" in names  # or a database that lives on is refused
    nowhere = Path("none.toml")
    set_up = dict.fromkeys(ours, "") | {"SPECTRA_AWS_DEFAULT_CHAIN": "on"}
    assert load_config(set_up, nowhere).database == load_config({}, nowhere).database
