"""A process that carries a plan out and is killed while AWS still holds one of its calls."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.actions.conftest import OWN
from tests.servers.base import Answer

ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = """
import json, sys
from spectra.actions import Journal, Permit, Plan, execute
from spectra.actions.aws_runner import AwsRunner
from spectra.sources.aws import Access, AwsKeys
from spectra.store import Store
store = Store(sys.argv[1])
account = Access(AwsKeys(sys.argv[2], sys.argv[3]), max_attempts=1).account()
plan = Plan.from_dict(json.loads(sys.argv[4]))
runner = AwsRunner(account, store, ("spectra:managed", "true"), delay_s=0.01)
execute(plan, runner, Journal(store), confirmation=plan.confirmation, permit=Permit())
"""


def killed_in(aws, call: str, plan, path: Path, *, took_effect: bool) -> None:
    """Run a plan on the store of a path, and kill it in its first such call that is no dry run."""
    real, held = aws.default, [True]

    def slow(request):
        if not (aws.name_of(request) == call and b"DryRun" not in request.body and held[0]):
            return real(request)
        answer = real(request) if took_effect else None
        held[0] = False
        time.sleep(3)
        return answer or Answer(500)

    aws.default = slow
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(path), OWN.access_key_id, OWN.secret_access_key,
         json.dumps(plan.as_dict())],
        cwd=ROOT, env={**os.environ, "AWS_ENDPOINT_URL": aws.url},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while held[0] and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert not held[0]
