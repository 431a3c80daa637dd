"""What the dependency audit of the run makes of every answer of pip-audit, which is played here."""

import json
import os
import subprocess
import sys

import pytest

from tests.pages.conftest import ROOT

HOLE = {"id": "PYSEC-1", "fix_versions": ["2"]}
CLEAN = {"name": "a", "version": "1", "vulns": []}
OPEN = {"name": "b", "version": "1", "vulns": [HOLE]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}
PLAYED = """import json, os, sys
said = json.loads(os.environ["SAID"])
if said["packages"] is not None:
    with open(sys.argv[sys.argv.index("--output") + 1], "w") as file:
        json.dump({"dependencies": said["packages"]}, file)
sys.exit(said["error"])
"""


@pytest.mark.parametrize(
    ("packages", "error", "code", "said"),
    [
        ([CLEAN], 0, 0, "nothing is known to be wrong"),
        ([CLEAN, OPEN], "found", 1, "b 1: PYSEC-1, mended in 2"),
        ([CLEAN, UNKNOWN], 0, 0, "Not audited (1 of 2): c."),
        ([UNKNOWN], 0, 0, "AUDIT SKIPPED"),
        (None, "Tip: your network may be blocking this service.", 0, "AUDIT SKIPPED"),
        (None, "a bug", 2, "a bug"),
    ],
)
def test_only_a_known_hole_or_a_broken_audit_fails(tmp_path, packages, error, code, said):
    (tmp_path / "pip_audit.py").write_text(PLAYED)
    told = json.dumps({"packages": packages, "error": error})
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "audit.py")],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "SAID": told},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert said in done.stdout + done.stderr
