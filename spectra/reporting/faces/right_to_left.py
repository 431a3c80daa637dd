"""Hebrew and Arabic in the order in which they are seen, which is what a PDF holds.

A simple form of the Unicode bidirectional algorithm: runs of right-to-left letters, with the
spaces and numbers between them, are turned round within text that goes from left to right;
numbers keep their order, and marks the place behind their letter. Arabic letters take the form of
their place in the word. Enough for names; no more than that.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_JOINERS = "\u200c\u200d"
_WITHOUT_JOINERS = str.maketrans("", "", _JOINERS)
_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_RUN = re.compile(f"[{_RTL}](?:[{_RTL}{_JOINERS}0-9 ,.'\\-]*[{_RTL}])?")
_MARKS = "".join(c for c in map(chr, range(0x300, 0x900)) if unicodedata.combining(c))
_UNIT = re.compile(f"\\d+(?:[.,\u066b\u066c]\\d+)*|.[{_MARKS}]*")


def as_seen(text: str) -> str:
    """A text with its right-to-left runs in visual order; joiners have done their work."""
    return _RUN.sub(lambda run: _turned(run.group()), text).translate(_WITHOUT_JOINERS)


def _turned(run: str) -> str:
    """A run from its last number, or letter with its marks, to its first."""
    units = _UNIT.findall(run)
    shaped = _shaped([unit[0] for unit in units])
    turned = (form + unit[1:] for form, unit in zip(shaped[::-1], units[::-1], strict=True))
    return "".join(turned)


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Letter → its isolated, initial, medial and final form."""
    forms: dict[str, dict[str, str]] = {}
    for code in (*range(0xFE70, 0xFEFD), *range(0xFB50, 0xFC00)):  # Arabic, then Persian and more
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if len(letters) == 1:
            forms.setdefault(chr(int(letters[0], 16)), {})[kind.strip("<>")] = chr(code)
    return forms


def _shaped(text: list[str]) -> list[str]:
    """Arabic letters in the form that their neighbours ask for."""
    forms = _forms()
    letters = []
    for i, letter in enumerate(text):
        known = forms.get(letter)
        if known is None:
            letters.append(letter)
            continue
        before = i > 0 and "initial" in forms.get(text[i - 1], {})
        after = i + 1 < len(text) and "final" in forms.get(text[i + 1], {})
        wanted: tuple[str, ...] = (
            ("medial", "final") if before and after else ("final",) if before else ()
        )
        wanted += ("initial",) if after and not before else ()
        form = next((known[kind] for kind in wanted if kind in known), None)
        letters.append(form or known.get("isolated", letter))
    return letters
