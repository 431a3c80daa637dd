"""Print the speed table of the README: ``python -m tests.benchmarks [--small]``.

Each group runs in a process of its own, so that its resident memory is its own too; small ones,
which only show that they run, share one. What wants the machine to itself is asked for by name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import cases

ROOT = Path(__file__).resolve().parents[2]
BY_NAME_ALONE = {"browser"}


def main(arguments: list[str]) -> None:
    """Run one group and print its rows, or all groups and print the table."""
    small = "--small" in arguments
    if small:
        cases.REPEATS = 1
    asked = [name for name in arguments if not name.startswith("--")]
    if asked:
        _print_rows(asked[0], Path(asked[1]), small)
        return
    print("| what | at | time | note |", "|---|---|---|---|", sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPECTRA_PORTAL_FOLDER"] = f"{folder}/none"
        for name in (n for n in cases.GROUPS if n not in BY_NAME_ALONE):
            if small:
                _print_rows(name, Path(folder), small)
            else:
                _in_its_own_process(name, folder)


def _print_rows(name: str, folder: Path, small: bool) -> None:
    for row in cases.GROUPS[name](folder, small):
        print("|", " | ".join(row), "|", flush=True)


def _in_its_own_process(name: str, folder: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", name, folder],
        cwd=ROOT,
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )
    if result.returncode:
        sys.exit(f"{name} failed:\n{result.stderr}")


if __name__ == "__main__":
    main(sys.argv[1:])
