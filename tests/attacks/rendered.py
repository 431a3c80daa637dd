"""What a page sends to the browser, and which of it the browser would read as more than text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

# Fields that Streamlit's browser side reads as Markdown; the others are shown as they are.
_MARKDOWN = {"body", "label", "help", "tooltip", "text", "delta", "content", "captions", "title"}
# The beginnings of what `texts.MARKUP` holds, where nothing takes their meaning away.
_LIVE = re.compile(
    r"(?<!\\)(?:<img|<script|</script|!\\?\[x|\[y\\?\]\(|\$x|:red\\?\[r|\*\*b)"
    # A backslash within an address keeps nobody from making a link of it.
    r"|(?i:https?:|www\.|me@)(?:\\?/\\?/)?evil"
)
_LIVE_HTML = re.compile(r"<img src=http|</?script|<!--")  # Markdown means nothing there


def live_marks(app: AppTest) -> list[str]:
    """Places of the app where a hostile text would not stay text."""
    return [
        f"{kind}.{name}: …{text[max(0, found.start() - 30) : found.end() + 30]!r}…"
        for kind, name, text in markdown_texts(app)
        if (found := (_LIVE_HTML if kind == "Html" else _LIVE).search(text))
    ]


def markdown_texts(app: AppTest) -> Iterator[tuple[str, str, str]]:
    """Kind of element, field and text of everything that is read as Markdown."""
    for node in _nodes(app._tree):
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message):
            yield from _strings(proto, proto.DESCRIPTOR.name)


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from _nodes(child)


def _strings(message: Message, kind: str) -> Iterator[tuple[str, str, str]]:
    for field, value in message.ListFields():
        for part in value if field.is_repeated else [value]:
            if isinstance(part, Message):
                yield from _strings(part, f"{kind}.{field.name}")
            elif isinstance(part, str) and field.name in _MARKDOWN:
                yield kind, field.name, part
