"""Every pre-check of a move: what is refused, what is a warning, and what cannot be known."""

from dataclasses import replace

import pytest

from spectra import actions
from spectra.actions import Destination
from spectra.actions.checks import check_plan
from spectra.errors import GuardError
from spectra.sources.aws.described import Described
from spectra.sources.aws.elsewhere import STANDARD_QUOTA, Elsewhere, quota_code
from tests.actions.conftest import ACCOUNT, REGION, TAG, YES
from tests.actions.moving import ELSEWHERE, TO, ZONE, as_aws, tagged
from tests.actions.test_checks import FOUND, GROUP, TARGET, facts, with_instance
from tests.servers.base import Answer

TYPE = facts(VCpuInfo={"DefaultVCpus": 2})
THERE = Elsewhere(
    is_enabled=True,
    offering_zones=frozenset({ZONE}),
    type_facts=TYPE,
    subnet={"SubnetId": "subnet-1", "AvailabilityZone": ZONE, "VpcId": "vpc-1",
            "AvailableIpAddressCount": 9},
    groups={"sg-1": "vpc-1"},
    has_key_pair=True,
    has_kms_key=True,
    vcpu_quota=32.0,
    vcpus_running=8.0,
    source_volumes=({"VolumeId": "vol-1", "Encrypted": False},),
)  # fmt: skip
GIVEN = Destination(
    ELSEWHERE, ZONE, subnet_id="subnet-1", security_group_ids=("sg-1",), key_name="ops",
    allowed_regions=(ELSEWHERE,),
)  # fmt: skip
LOCKED = ({"VolumeId": "vol-1", "Encrypted": True},)


def checks(to=GIVEN, instance=FOUND, target=None, **there):
    plan = actions.plan_move(target or tagged(TARGET), to)
    found = replace(instance, elsewhere=replace(THERE, **there))
    return {c.name: c for c in check_plan(plan, found, account_id=ACCOUNT, tag=TAG)}


def test_a_plain_move_passes():
    assert [c for c in checks().values() if c.is_ok is not True] == []


def place(**changes):
    given = {"AvailabilityZone": "us-east-1a", "Tenancy": "default", **changes}
    return {"instance": with_instance(Placement=given)}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Data may be kept there", {"to": replace(GIVEN, allowed_regions=("eu-central-1",))}),
        ("Data may be kept there", {"to": replace(GIVEN, allowed_regions=())}),
        ("The region is enabled", {"is_enabled": False}),
        ("The copy is tagged for SPECTRA", {"target": TARGET}),
        ("Offered in the zone", {"offering_zones": frozenset({"eu-north-1b"})}),
        ("Offered in the zone", {"offering_zones": frozenset()}),
        ("The type is described", {"type_facts": None}),
        ("Same architecture",
         {"type_facts": facts(ProcessorInfo={"SupportedArchitectures": ["arm64"]})}),
        ("Same virtualisation",
         {"type_facts": facts(SupportedVirtualizationTypes=["paravirtual"])}),
        ("Network adapter", {"instance": with_instance(EnaSupport=False)}),
        ("Volumes fit", {"type_facts": facts(EbsInfo={"MaximumEbsAttachments": 0})}),
        ("Within the quota of vCPUs", {"vcpus_running": 31.0}),
        ("The subnet", {"subnet": {}}),
        ("The subnet", {"subnet": {"SubnetId": "s", "AvailabilityZone": "eu-north-1c"}}),
        ("A free address", {"subnet": {**(THERE.subnet or {}), "AvailableIpAddressCount": 0}}),
        ("The security groups", {"groups": {}}),
        ("The security groups", {"groups": {"sg-1": "vpc-other"}}),
        ("The key pair", {"has_key_pair": False}),
        ("A key for the disks", {"source_volumes": LOCKED}),
        ("A key for the disks", {"to": replace(GIVEN, kms_key_id="k"), "has_kms_key": False}),
        ("No product code",
         {"instance": with_instance(ProductCodes=[{"ProductCodeId": "abc"}])}),
        ("In no placement group", place(GroupName="cluster")),
        ("Shared tenancy", place(Tenancy="dedicated")),
        ("On no dedicated host", place(Tenancy="host")),
        ("One network interface", {"instance": with_instance(NetworkInterfaces=[{}, {}])}),
        ("In no autoscaling group", {"instance": with_instance(Tags=GROUP)}),
        ("On demand", {"instance": with_instance(InstanceLifecycle="spot")}),
        ("Its root disk stays", {"instance": with_instance(RootDeviceType="instance-store")}),
        ("No local disks", {"instance": replace(
            FOUND, types={"m5.large": facts(InstanceStorageSupported=True)})}),
        ("Not protected from stop", {"instance": replace(
            FOUND, protections={"disableApiStop": True})}),
        ("Tagged for SPECTRA", {"instance": with_instance(Tags=[])}),
        ("In a state for it", {"instance": with_instance(State={"Name": "stopped"})}),
        ("As it was shown", {"instance": with_instance(InstanceType="m5.xlarge")}),
    ],
)  # fmt: skip
def test_what_is_refused(name, given):
    assert checks(**given)[name].blocks


@pytest.mark.parametrize(
    ("name", "given", "is_ok"),
    [
        ("Data may be kept there", {"to": replace(GIVEN, allowed_regions=None)}, None),
        ("The region is enabled", {"is_enabled": None}, None),
        ("Offered in the zone", {"offering_zones": None}, None),
        ("Within the quota of vCPUs", {"vcpu_quota": None}, None),
        ("Within the quota of vCPUs", {"vcpus_running": None}, None),
        ("The subnet", {"subnet": None}, None),
        ("The security groups", {"groups": None}, None),
        ("The security groups", {"to": replace(GIVEN, security_group_ids=())}, None),
        ("The key pair", {"has_key_pair": None}, None),
        ("A key for the disks", {"source_volumes": None}, None),
        ("A key for the disks", {"to": replace(GIVEN, kms_key_id="k"), "has_kms_key": None}, None),
        ("No Elastic IP", {"instance": replace(
            FOUND, elastic_addresses=frozenset({"203.0.113.9"}))}, False),
        ("No Elastic IP", {"instance": replace(FOUND, elastic_addresses=None)}, None),
        ("No termination protection", {"instance": replace(
            FOUND, protections={"disableApiStop": False, "disableApiTermination": True})}, False),
        ("The same role", {"instance": with_instance(
            IamInstanceProfile={"Arn": "arn:aws:iam::1:instance-profile/app"})}, False),
        ("Metadata as safe", {"instance": with_instance(
            MetadataOptions={"HttpTokens": "required"})}, False),
    ],
)  # fmt: skip
def test_what_is_told_but_loses_nothing_does_not_block(name, given, is_ok):
    check = checks(**given)[name]
    assert check.is_ok is is_ok
    assert not check.blocks
    assert check.text


def test_a_named_key_lets_encrypted_disks_go():
    found = checks(replace(GIVEN, kms_key_id="alias/aws/ebs"), source_volumes=LOCKED)
    assert not found["A key for the disks"].blocks


def test_nothing_read_of_the_target_is_refused():
    plan = actions.plan_move(tagged(TARGET), GIVEN)
    found = check_plan(plan, replace(FOUND, elsewhere=None), account_id=ACCOUNT, tag=TAG)
    assert [c.name for c in found if c.blocks] == ["The target region"]
    gone = check_plan(plan, Described(), account_id=ACCOUNT, tag=TAG)
    assert [c.name for c in gone if c.blocks] == ["It exists"]


def test_each_family_counts_against_its_own_quota():
    assert quota_code("m5.large") == quota_code("t3.micro") == quota_code("im4gn.large")
    assert quota_code("m5.large") == STANDARD_QUOTA
    assert quota_code("g5g.xlarge") == quota_code("vt1.3xlarge") != STANDARD_QUOTA
    codes = [quota_code(f"{f}.large") for f in ("p4d", "inf2", "x2idn", "u-6tb1", "trn1", "hpc6a")]
    assert len(set(codes)) == 6


@pytest.fixture
def aws(aws):
    as_aws(aws)
    return aws


def blocking(plan, runner):
    return {c.name for c in actions.examine(plan, runner).checks if c.blocks}


def test_what_moto_can_show(aws, runner, launch, moto_process):
    """Read over HTTP in both regions."""
    source = tagged(launch())
    there, here = (moto_process.client("ec2", region) for region in (ELSEWHERE, REGION))
    assert blocking(actions.plan_move(source, TO), runner) == set()
    (net,) = there.describe_subnets(
        Filters=[{"Name": "availability-zone", "Values": [f"{ELSEWHERE}b"]}]
    )["Subnets"]
    (group, *_) = there.describe_security_groups()["SecurityGroups"]
    there.create_key_pair(KeyName="ops")
    full = Destination(
        ELSEWHERE, f"{ELSEWHERE}b", "m5.xlarge", net["SubnetId"], (group["GroupId"],), "ops",
    )  # fmt: skip
    assert blocking(actions.plan_move(source, full), runner) == set()
    for to, name in (
        (replace(full, availability_zone=ZONE), "The subnet"),
        (replace(full, subnet_id="subnet-12345678"), "The subnet"),
        (replace(full, security_group_ids=("sg-12345678",)), "The security groups"),
        (replace(full, key_name="nosuch"), "The key pair"),
        (replace(full, kms_key_id="alias/nosuch"), "A key for the disks"),
        (replace(full, instance_type="m6g.large"), "Same architecture"),
        (replace(full, instance_type="nosuch.large"), "Offered in the zone"),
        (Destination("eu-west-9", "eu-west-9a"), "The region is enabled"),
    ):
        assert name in blocking(actions.plan_move(source, to), runner), name
    key = moto_process.client("kms", ELSEWHERE).create_key()["KeyMetadata"]["KeyId"]
    assert blocking(actions.plan_move(source, replace(full, kms_key_id=key)), runner) == set()
    locked = here.create_volume(AvailabilityZone=f"{REGION}a", Size=5, Encrypted=True)["VolumeId"]
    here.attach_volume(VolumeId=locked, InstanceId=source.resource_id, Device="/dev/sdf")
    assert blocking(actions.plan_move(source, full), runner) == {"A key for the disks"}


def test_a_quota_that_is_used_up_is_read_and_refused(aws, runner, launch, journal):
    source = tagged(launch("m5.large"))
    aws.answer("GetServiceQuota", Answer(200, {"Quota": {"Value": 1.0}}), forever=True)
    plan = actions.plan_move(source, TO)
    with pytest.raises(GuardError, match="runs 0 of 1 vCPUs"):
        actions.execute(plan, runner, journal, confirmation=plan.confirmation, permit=YES)
    assert aws.writes() == []
