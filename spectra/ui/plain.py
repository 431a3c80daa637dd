"""Names that others gave, for places where Streamlit reads Markdown."""

from __future__ import annotations

import re

from spectra.unlinked import unlinked

# A name longer than this is no name; who wants all of it takes the table's file.
LONGEST = 2_000
# Control characters, and what turns the direction of all that follows on a line.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Marks of Markdown, of LaTeX, and of Streamlit's own directives such as a colour.
_MARKS = re.compile(r"[\\`*~\[\]<>#$!|&]|(?<!\w)_|_(?!\w)|:(?=[\w:])")


def plain(text: str) -> str:
    r"""Text on one line that stays text, whatever a tag or an answer holds, and of bounded length.

    >>> plain("![x](y) $a$")
    '\\!\\[x\\](y) \\$a\\$'
    """
    shown = unlinked(_UNSEEN.sub("", shorten(" ".join(text.split()), LONGEST)))
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", shown)


def shorten(text: str, longest: int) -> str:
    """Text of at most so many letters; what is cut ends with three dots.

    >>> shorten("a" * 1000, 4)
    'aaa…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"
