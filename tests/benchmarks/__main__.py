"""Print the speed table of the README: ``python -m tests.benchmarks [--small]``.

Each group runs in a process of its own, so that its resident memory is its own too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import cases

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> None:
    """Run one group and print its rows, or all groups and print the table."""
    small = "--small" in arguments
    groups = [name for name in arguments if not name.startswith("--")]
    if groups:
        for row in cases.GROUPS[groups[0]](Path(groups[1]), small):
            print("|", " | ".join(row), "|", flush=True)
        return
    print("| what | at | time | note |", "|---|---|---|---|", sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in cases.GROUPS:
            command = [sys.executable, "-m", "tests.benchmarks", name, folder]
            result = subprocess.run(
                command + ["--small"] * small,
                cwd=ROOT,
                env={**os.environ, "SPECTRA_PORTAL_FOLDER": f"{folder}/none"},
                check=False,
                stderr=subprocess.PIPE,
                text=True,
            )
            if result.returncode:
                sys.exit(f"{name} failed:\n{result.stderr}")


if __name__ == "__main__":
    main(sys.argv[1:])
