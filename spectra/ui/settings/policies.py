"""Texts to copy: IAM policies, the role as a CloudFormation template, schedules."""

from __future__ import annotations

import json

from spectra.sources.aws.permissions import READ_ACTIONS

_ACTIONS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ResizeManaged",
            "Effect": "Allow",
            "Action": ["ec2:StopInstances", "ec2:StartInstances", "ec2:ModifyInstanceAttribute"],
            "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {"StringEquals": {"aws:ResourceTag/spectra:managed": "true"}},
        },
        {
            "Sid": "CopyToAnotherRegion",
            "Effect": "Allow",
            "Action": [
                "ec2:CreateImage",
                "ec2:CreateSnapshot",
                "ec2:CopyImage",
                "ec2:RunInstances",
                "ec2:CreateTags",
            ],
            "Resource": "*",
        },
    ],
}


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


def action_policy() -> str:
    """Policy for a separate role that may change instances tagged for it."""
    return json.dumps(_ACTIONS, indent=2)


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
          SPECTRA_ELECTRICITY_MAPS_KEY: ${{ secrets.SPECTRA_ELECTRICITY_MAPS_KEY }}
          SPECTRA_CLOUDFLARE_TOKEN: ${{ secrets.SPECTRA_CLOUDFLARE_TOKEN }}
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
