"""Names that others gave, for places where Streamlit reads Markdown."""

from __future__ import annotations

import re

# Marks of Markdown, of LaTeX, and of Streamlit's own directives such as a colour.
_MARKS = re.compile(r"[\\`*~\[\]<>#$!|&]|(?<!\w)_|_(?!\w)|:(?=[\w:])")


def plain(text: str) -> str:
    r"""Text on one line that stays text, whatever a tag or an answer holds.

    >>> plain("![x](http://y) $a$")
    '\\!\\[x\\](http://y) \\$a\\$'
    """
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", " ".join(text.split()))


def shorten(text: str, longest: int) -> str:
    """Text of at most so many letters; what is cut ends with three dots.

    >>> shorten("a" * 1000, 4)
    'aaa…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"
