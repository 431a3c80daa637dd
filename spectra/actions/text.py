"""Plans as text: Markdown in which names stay text, and the frame of the script."""

from __future__ import annotations

import re

from spectra.unlinked import unlinked

HEADER = """#!/usr/bin/env bash
# {title}
# Stops at the first error. Every change is listed in the plan that this script comes from.
set -euo pipefail

# The AWS CLI gives up waiting after ten minutes; large snapshots take longer.
wait_for() {{
  local rounds=$1 service=$2; shift 2
  for ((round = 1; round < rounds; round++)); do
    if aws "$service" wait "$@"; then return 0; fi
  done
  aws "$service" wait "$@"
}}
"""


def block(code: str, language: str) -> list[str]:
    """Lines of code within a list."""
    return [f"   ```{language}", f"   {one_line(code)}", "   ```", ""]


def prose(text: str) -> str:
    """Text for Markdown that stays text, whatever names are in it."""
    return re.sub(r"([\\`*_<>\[\]#|&~$])", r"\\\1", unlinked(one_line(text)))


def one_line(text: str) -> str:
    """Text that cannot leave its line: a name that a person gave may hold anything."""
    return " ".join(text.split())
