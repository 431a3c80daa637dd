"""Asks the advisory database about every package of this environment; a known hole fails the run.

pip-audit calls an environment clean of which it could look up nothing: here that audit is skipped,
and it is said. A run without network goes on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LONGEST_S = 90
# What pip-audit says where the service does not answer; any other failure is one of the audit.
UNREACHABLE = "your network may be blocking this service"


def main() -> int:
    """Return 0 where nothing is known to be wrong, 1 for a known hole, 2 for a broken audit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--local", "--progress-spinner", "off",
                   "--format", "json", "--output", str(path)]  # fmt: skip
        try:
            done = subprocess.run(  # noqa: S603 (our own words)
                command, capture_output=True, text=True, check=False, timeout=LONGEST_S
            )
        except subprocess.TimeoutExpired:
            return _skipped(f"the advisory service took longer than {LONGEST_S} s")
        if not path.is_file():
            if UNREACHABLE in done.stderr:
                return _skipped("the advisory service cannot be reached from here")
            print(f"The dependency audit failed:\n{done.stderr}", file=sys.stderr)
            return 2
        return _told(json.loads(path.read_text(encoding="utf-8"))["dependencies"])


def _told(packages: list[dict[str, object]]) -> int:
    unknown = [package for package in packages if "skip_reason" in package]
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version yet'}"
        for package in packages
        for hole in package.get("vulns", [])  # type: ignore[attr-defined]
    ]
    if len(unknown) == len(packages):
        return _skipped(f"the service knows none of the {len(packages)} packages; is it a mirror?")
    print("\n".join(holes) or "Dependency audit: nothing is known to be wrong.")
    if unknown:
        names = ", ".join(str(package["name"]) for package in unknown)
        print(f"Not audited ({len(unknown)} of {len(packages)}): {names}.")
    return 1 if holes else 0


def _skipped(why: str) -> int:
    print(f"DEPENDENCY AUDIT SKIPPED: {why}. Nothing was checked.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
