"""A process that carries a plan out and is killed while AWS still holds one of its calls."""

import json
import time
from pathlib import Path

from spectra.actions import Journal, Permit, Plan, execute
from spectra.actions.aws_runner import AwsRunner
from spectra.sources.aws import Access, AwsKeys
from spectra.store import Store
from tests import forked
from tests.servers.base import Answer
from tests.servers.moto import KEYS

HELD_S = 3.0  # longer than it takes to kill; nobody waits for it


def carry_out(path: str, plan: str) -> None:
    """What the process does that is killed."""
    keys = AwsKeys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
    account = Access(keys, max_attempts=1).account()
    wanted, store = Plan.from_dict(json.loads(plan)), Store(path)
    runner = AwsRunner(account, store, ("spectra:managed", "true"), delay_s=0.01)
    execute(wanted, runner, Journal(store), confirmation=wanted.confirmation, permit=Permit())


def killed_in(aws, call: str, plan, path: Path, *, took_effect: bool) -> None:
    """Run a plan on the store of a path, and kill it in its first such call that is no dry run."""
    real, held = aws.default, [True]

    def slow(request):
        if not (aws.name_of(request) == call and b"DryRun" not in request.body and held[0]):
            return real(request)
        answer = real(request) if took_effect else None
        held[0] = False
        time.sleep(HELD_S)
        return answer or Answer(500)

    aws.default = slow
    process = forked.start(carry_out, str(path), json.dumps(plan.as_dict()))
    deadline = time.monotonic() + 60
    while held[0] and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.join()
    assert not held[0]
