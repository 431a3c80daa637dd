"""The benchmarks run, at a tiny size, and print their table; no time is asserted."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_is_printed():
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--small"],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    rows = result.stdout.strip().splitlines()
    assert rows[0] == "| what | at | time | note |"
    assert len(rows) >= 36  # the accuracy groups have one row each without the shared data
    assert all(row.count("|") == 5 for row in rows)
