"""Addresses in text that others gave: shown as they are, but no link for a reader of Markdown."""

from __future__ import annotations

import re

# A backslash does not do: readers such as GitHub's and Streamlit's look for addresses in the text
# that is left when the marks are read.
_SEAMS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=\S)", re.IGNORECASE)
_ZERO_WIDTH = "\u200b"


def unlinked(text: str) -> str:
    """Text with a space of no width within web and e-mail addresses.

    >>> unlinked("see https://a.example or a@b.example").replace(_ZERO_WIDTH, "·")
    'see https:·//a.example or a@·b.example'
    """
    return _SEAMS.sub(_ZERO_WIDTH, text)
