"""AWS's refusals over real HTTP: each becomes one of our errors, with the permission named."""

import pytest
from botocore.exceptions import EndpointConnectionError

from spectra import errors
from spectra.errors import NotEntitledError
from spectra.sources.aws import Access, permissions
from spectra.sources.aws.errors import translated
from spectra.sources.aws.inventory import enabled_regions
from tests.servers.aws import ec2_refusal, refusal, sts_refusal
from tests.servers.base import Answer
from tests.sources.aws.conftest import OWN

DENIED = "You are not authorized to perform this operation."


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (ec2_refusal("UnauthorizedOperation", DENIED), errors.NotEntitledError,
         "ec2:DescribeRegions"),
        (ec2_refusal("AuthFailure", status=401), errors.CredentialsError, "does not accept"),
        (ec2_refusal("InvalidClientTokenId"), errors.CredentialsError, "does not accept"),
        (ec2_refusal("SignatureDoesNotMatch"), errors.CredentialsError, "does not accept"),
        (ec2_refusal("UnrecognizedClientException", status=400), errors.CredentialsError,
         "does not accept"),
        (ec2_refusal("RequestExpired", status=400), errors.CredentialsError, "has expired"),
        (ec2_refusal("OptInRequired", status=401), errors.NotEntitledError, "opted in"),
        (ec2_refusal("RequestLimitExceeded", status=503), errors.ThrottledError, "throttles"),
        (ec2_refusal("403", "html"), errors.NotEntitledError, "ec2:DescribeRegions"),
        (ec2_refusal("InternalError", status=500), errors.UnreachableError, "HTTP 500"),
        (Answer(500, "<html>oops"), errors.SourceError, "ec2:DescribeRegions"),
        (ec2_refusal("SomethingNew", status=400), errors.RefusedError, "SomethingNew"),
    ],
)  # fmt: skip
def test_what_ec2_refuses(account, aws, answer, kind, words):
    aws.answer("DescribeRegions", answer, forever=True)
    with pytest.raises(kind, match=words):
        enabled_regions(account)


def test_the_action_that_aws_names_counts(account, aws):
    message = "User: arn:aws:sts::1:assumed-role/R/s is not authorized to perform: ec2:Other on *"
    aws.answer("DescribeRegions", ec2_refusal("UnauthorizedOperation", message))
    with pytest.raises(errors.NotEntitledError) as error:
        enabled_regions(account)
    assert error.value.action == "ec2:Other"


def test_an_expired_session_says_what_to_do(aws):
    aws.answer("GetCallerIdentity", sts_refusal("ExpiredToken"))
    with pytest.raises(errors.CredentialsError, match="has expired") as error:
        Access(OWN, max_attempts=1).account()
    assert "what was fetched stays" in error.value.next_step


def test_throttling_is_tried_again_before_it_is_told(account, aws):
    regions = {"Content-Type": "text/xml"}
    body = "<DescribeRegionsResponse><regionInfo/></DescribeRegionsResponse>"
    aws.answer("DescribeRegions", ec2_refusal("RequestLimitExceeded", status=503),
               Answer(200, body, regions))  # fmt: skip
    assert enabled_regions(account) == []
    assert len(aws.asked("DescribeRegions")) == 2


def test_nobody_there_is_said_without_the_address():
    with pytest.raises(errors.UnreachableError) as error, translated("ec2:DescribeRegions", "x-1"):
        raise EndpointConnectionError(endpoint_url="https://secret.example")
    assert "secret.example" not in str(error.value)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("[profile p]\ncredential_process = false s3cret", "gives no credentials"),
        (
            "[profile p]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = s3cret",
            "no credentials",
        ),
        ("[profile p]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = p", "no credentials"),
        ("s3cret = [", "no credentials"),
        ("[profile s3cret]", "does not exist"),
    ],
)
def test_a_profile_that_leads_nowhere_is_to_be_checked(tmp_path, monkeypatch, profile, words):
    (tmp_path / "config").write_text(profile)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(errors.CredentialsError, match=words) as error:
        Access(profile="p").account()
    assert "SPECTRA_AWS_PROFILE" in error.value.next_step
    assert "s3cret" not in str(error.value)


def test_permissions_are_found_one_by_one(account, aws):
    dry = ec2_refusal("DryRunOperation", "Request would have succeeded", status=412)
    for name in ("DescribeRegions", "DescribeInstances"):
        aws.answer(name, dry)
    aws.answer("DescribeVolumes", ec2_refusal("UnauthorizedOperation", DENIED))
    aws.answer("GetCostAndUsage", refusal("AccessDeniedException"))
    optimizer = "GetEC2InstanceRecommendations"
    aws.answer(optimizer, refusal("AccessDeniedException"))
    found = {p.action: p for p in permissions.probe(account) if not p.action.startswith(
        ("cloudwatch", "autoscaling"))}  # fmt: skip
    denied = {action for action, p in found.items() if p.error is not None}
    assert denied == {
        "ec2:DescribeVolumes", "ce:GetCostAndUsage", f"compute-optimizer:{optimizer}"
    }  # fmt: skip
    assert permissions.RESOURCE_COSTS not in found
    assert found["ec2:DescribeVolumes"].error.action == "ec2:DescribeVolumes"
    assert account.meter.estimated_usd == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("status", "step"),
    [("Inactive", "Enrol"), ("Failed", "Enrol"), ("Pending", "Wait"), (None, "")],
)
def test_an_account_that_is_not_enrolled_is_not_permitted(account, aws, status, step):
    aws.answer("GetEnrollmentStatus", Answer(200, {"status": status} if status else {}))
    action = "compute-optimizer:GetEC2InstanceRecommendations"
    denied = permissions._error(permissions._recommendations, account, "us-east-1", action)
    assert isinstance(denied, NotEntitledError)
    assert step in denied.next_step
    assert permissions._error(permissions._recommendations, account, "us-east-1", action) is None
