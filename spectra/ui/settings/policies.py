"""Texts to copy: IAM policies, the role as a CloudFormation template, schedules."""

from __future__ import annotations

import json
from typing import Any

from spectra.sources.aws.permissions import READ_ACTIONS

# What is read afresh before a change, and waited for after it.
_LOOKS = (
    "ec2:DescribeAddresses",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeKeyPairs",
    "ec2:DescribeRegions",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSnapshots",
    "ec2:DescribeSubnets",
    "ec2:DescribeVolumes",
    "ec2:DescribeVolumesModifications",
    "kms:DescribeKey",
    "servicequotas:GetServiceQuota",
)
_CHANGES = {
    "instance": (
        "ec2:CreateImage",  # which may reboot it
        "ec2:ModifyInstanceAttribute",
        "ec2:StartInstances",
        "ec2:StopInstances",
        "ec2:TerminateInstances",
    ),
    "volume": ("ec2:DeleteVolume", "ec2:ModifyVolume"),
}
# Copies, which harm nothing that is there; that of an image goes to another region.
_COPIES = ("ec2:CopyImage", "ec2:CreateSnapshot", "ec2:CreateVolume")
# Calls that give their tags to what they make.
_MAKING = ("CopyImage", "CreateImage", "CreateSnapshot", "CreateVolume", "RunInstances")
# What a move makes on its way is known by this tag; the snapshots that are kept have other values.
_OF_A_MOVE = {"StringEquals": {"aws:ResourceTag/spectra:step": ["image", "image_copy"]}}
_KEPT_TAGS = ["spectra:previous-type", "spectra:moved-to"]


def read_policy() -> str:
    """Least-privilege policy for reading, made from the actions that SPECTRA really uses."""
    groups: dict[str, list[str]] = {}
    for action in READ_ACTIONS:
        groups.setdefault(action.split(":")[0], []).append(action)
    statements = [
        {
            "Sid": "".join(word.capitalize() for word in service.split("-")),
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": "*",
        }
        for service, actions in groups.items()
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def action_policy(tag: tuple[str, str] = ("spectra:managed", "true")) -> str:
    """Policy for a separate role that may change what is tagged for it."""
    key, value = tag
    managed = {"StringEquals": {f"aws:ResourceTag/{key}": value}}
    statements: list[dict[str, Any]] = [
        {"Sid": "Look", "Effect": "Allow", "Action": list(_LOOKS), "Resource": "*"},
        *(
            {
                "Sid": f"ChangeManaged{kind.capitalize()}s",
                "Effect": "Allow",
                "Action": list(actions),
                "Resource": f"arn:aws:ec2:*:*:{kind}/*",
                "Condition": managed,
            }
            for kind, actions in _CHANGES.items()
        ),
        *_tagging(managed),
        {"Sid": "Copy", "Effect": "Allow", "Action": list(_COPIES), "Resource": "*"},
        *_moving(key, value),
        *_keys(),
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _tagging(managed: dict[str, Any]) -> list[dict[str, Any]]:
    """Tags of managed instances and of copies, and no other."""
    return [
        {
            # No other tag: the role must not be able to put itself in charge of a resource.
            "Sid": "Remember",
            "Effect": "Allow",
            "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
            "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {
                **managed,
                "ForAllValues:StringEquals": {"aws:TagKeys": _KEPT_TAGS},
                # Of no key at all the line above is true: that call deletes every tag.
                "Null": {"aws:TagKeys": "false"},
            },
        },
        {
            "Sid": "TagCopies",
            "Effect": "Allow",
            "Action": ["ec2:CreateTags"],
            "Resource": "arn:aws:ec2:*:*:*/*",
            "Condition": {"StringEquals": {"ec2:CreateAction": list(_MAKING)}},
        },
    ]


def _moving(key: str, value: str) -> list[dict[str, Any]]:
    """Images of managed instances, launches of such images alone, and their removal.

    No iam:PassRole: with it the role could launch a machine with any role. Whoever moves machines
    that have a role adds it for that role.
    """
    beside = ("key-pair", "network-interface", "security-group", "subnet", "volume")
    return [
        _statement("MakeImages", ["ec2:CreateImage"], "image", "snapshot"),
        _statement("LaunchNetworkAndDisks", ["ec2:RunInstances"], *beside),
        # Only what is tagged for SPECTRA, so that it can be stopped and terminated again.
        _statement("LaunchManaged", ["ec2:RunInstances"], "instance")
        | {"Condition": {"StringEquals": {f"aws:RequestTag/{key}": value}}},
        _statement("LaunchCopies", ["ec2:RunInstances"], "image") | {"Condition": _OF_A_MOVE},
        _statement("RemoveImages", ["ec2:DeregisterImage"], "image") | {"Condition": _OF_A_MOVE},
        _statement("RemoveTheirSnapshots", ["ec2:DeleteSnapshot"], "snapshot")
        | {"Condition": _OF_A_MOVE},
    ]


def _keys() -> list[dict[str, Any]]:
    """Encrypted disks, as far as the keys' own policies allow it, and through EC2 alone."""
    through = {"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}}
    uses = ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom",
            "kms:ReEncryptTo"]  # fmt: skip
    grant = {**through, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    everywhere = {"Effect": "Allow", "Resource": "*"}
    return [
        {"Sid": "UseKeysThroughEc2", "Action": uses, "Condition": through, **everywhere},
        {"Sid": "LendKeysToEc2", "Action": ["kms:CreateGrant"], "Condition": grant, **everywhere},
    ]


def _statement(sid: str, actions: list[str], *kinds: str) -> dict[str, Any]:
    resources = [f"arn:aws:ec2:*:*:{kind}/*" for kind in kinds]
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def cloudformation() -> str:
    """CloudFormation template of the reading role, with an external ID."""
    actions = "\n".join(f"                  - {action}" for action in sorted(READ_ACTIONS))
    return f"""AWSTemplateFormatVersion: "2010-09-09"
Description: Read-only role for SPECTRA
Parameters:
  TrustedAccountId:
    Type: String
    AllowedPattern: "\\\\d{{12}}"
    Description: Account whose keys assume this role
  ExternalId:
    Type: String
    MinLength: 8
    NoEcho: true
    Description: A random text that SPECTRA sends along
Resources:
  SpectraReadOnly:
    Type: AWS::IAM::Role
    Properties:
      RoleName: SpectraReadOnly
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Sub "arn:${{AWS::Partition}}:iam::${{TrustedAccountId}}:root"
            Action: sts:AssumeRole
            Condition:
              StringEquals:
                sts:ExternalId: !Ref ExternalId
      Policies:
        - PolicyName: SpectraRead
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action:
{actions}
                Resource: "*"
Outputs:
  RoleArn:
    Value: !GetAtt SpectraReadOnly.Arn
"""


CRON = """# Every hour at minute 5; exits non-zero when something failed.
5 * * * * cd /path/to/spectra && .venv/bin/python -m spectra refresh --json >> refresh.log 2>&1
"""

GITHUB_ACTIONS = """name: refresh
on:
  schedule:
    - cron: "5 * * * *"
  workflow_dispatch:
jobs:
  refresh:
    runs-on: ubuntu-latest
    permissions:
      id-token: write  # to assume the role without stored keys
      contents: read
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
          cache: pip
      - run: pip install -r requirements.txt
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: ${{ vars.SPECTRA_ROLE_ARN }}
          aws-region: us-east-1
      - run: python -m spectra refresh --json
        env:
          SPECTRA_AWS_DEFAULT_CHAIN: "on"
          SPECTRA_DATABASE: ${{ vars.SPECTRA_DATABASE }}  # md:… lives on after the job
          motherduck_token: ${{ secrets.MOTHERDUCK_TOKEN }}
          SPECTRA_ELECTRICITY_MAPS_KEY: ${{ secrets.SPECTRA_ELECTRICITY_MAPS_KEY }}
          SPECTRA_CLOUDFLARE_TOKEN: ${{ secrets.SPECTRA_CLOUDFLARE_TOKEN }}
          SPECTRA_WEBHOOK_URL: ${{ secrets.SPECTRA_WEBHOOK_URL }}  # for notices
"""

SECRETS_TOML = """[spectra]
aws_access_key_id = "AKIA…"
aws_secret_access_key = "…"
aws_role_arns = ["arn:aws:iam::111111111111:role/SpectraReadOnly"]
aws_external_id = "…"
electricity_maps_key = "…"
cloudflare_token = "…"
webhook_url = "https://hooks.slack.com/services/…"
"""
