"""Two regions on moto for a move: what moto lacks of AWS is put right before its calls."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from spectra.actions import Destination, Target
from tests.actions.conftest import REGION, TAG, shown
from tests.servers.aws import ec2_refusal

ELSEWHERE, ZONE = "eu-north-1", "eu-north-1a"
TO = Destination(ELSEWHERE, ZONE, stops_source=True)
STEPS = ("CreateImage", "CopyImage", "RunInstances", "CreateTags", "StopInstances")


def tagged(target: Target) -> Target:
    return replace(target, tags={TAG[0]: TAG[1], "team": "search", "aws:x": "kept out"})


def as_aws(server):
    """moto takes no tags of an image's snapshots, and does not delete them with the image."""
    real = server.default

    def fitted(request):
        if server.name_of(request) == "CreateImage":
            request.body = _without_snapshot_tags(request.body)
        return real(request)

    server.default = fitted


def _without_snapshot_tags(body: bytes) -> bytes:
    pairs = parse_qsl(body.decode())
    gone = {name.rsplit(".", 1)[0] + "." for name, value in pairs
            if name.endswith("ResourceType") and value == "snapshot"}  # fmt: skip
    return urlencode([p for p in pairs if not p[0].startswith(tuple(gone) or "-")]).encode()


def break_at(server, call, *, took_effect=False, code="SomethingNew"):
    """Refuse the next call of a name that is no dry run, also after it took effect."""
    real, broken = server.default, [True]

    def fails(request):
        if server.name_of(request) == call and broken[0] and b"DryRun=true" not in request.body:
            broken[0] = False
            if took_effect:
                real(request)
            return ec2_refusal(code, "no", status=400)
        return real(request)

    server.default = fails


def standing(moto):
    """What of a move is there: own images by region, and what runs or is stopped in the target."""
    images = {}
    for region in (REGION, ELSEWHERE):
        found = moto.client("ec2", region).describe_images(Owners=["self"])["Images"]
        images[region] = [i["ImageId"] for i in found if i["Name"].startswith("spectra-move-")]
    answer = moto.client("ec2", ELSEWHERE).describe_instances()
    copies = [i for r in answer["Reservations"] for i in r["Instances"]]
    return images, [c for c in copies if c["State"]["Name"] != "terminated"]


def state(moto, target):
    return shown(moto, target.resource_id).state
