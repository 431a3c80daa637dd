"""A company's logo: what is taken, how large it may be, and how it travels in a report."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass
from xml.etree import ElementTree

from PIL import Image, UnidentifiedImageError

from spectra.errors import InputError

MAX_BYTES = 512 * 1024
MAX_PIXELS = 4_000  # of a side; a small file may hold a picture that fills the memory
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}
_SVG = "image/svg+xml"
_NEXT_STEP = (
    "Use a PNG or JPEG picture, or an SVG, of at most 512 KB and 4,000 pixels on its longer side."
)


# PDF and XLSX hold no SVG.
NO_SVG = "The logo is an SVG, which the HTML file shows and this one cannot."


@dataclass(frozen=True, slots=True)
class Logo:
    """A checked picture."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def is_drawn(self) -> bool:
        """Whether it is an SVG: a page shows it, while a PDF or workbook goes without."""
        return self.media_type == _SVG

    @property
    def uri(self) -> str:
        """The picture as a data URI."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode()}"


def checked_logo(content: bytes) -> Logo:
    """Check a picture by what it holds, whatever its name says: every face can write what passes.

    An SVG is read for its form alone: within an image of a page it runs no script and asks for
    nothing.

    Raises
    ------
    InputError
        If it is no PNG, JPEG or SVG, too large or damaged.
    """
    if len(content) > MAX_BYTES:
        raise _refused(f"The logo has {len(content) / 1024:,.0f} KB.")
    if content.lstrip().startswith(b"<"):
        return _drawn(content)
    try:
        with Image.open(io.BytesIO(content), formats=list(_MEDIA_TYPES)) as picture:
            width, height, kind = *picture.size, str(picture.format)
            if max(width, height) > MAX_PIXELS:
                raise _refused(f"The logo has {width} × {height} pixels.")
            picture.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise _refused("The logo is no PNG, JPEG or SVG picture, or it is damaged.") from None
    return Logo(content, _MEDIA_TYPES[kind], width, height)


def logo_of(uri: str) -> Logo | None:
    """The logo of a request, None for none.

    Raises
    ------
    InputError
        If it is no data URI of a picture that can be used.
    """
    if not uri:
        return None
    head, _, body = uri.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise _refused("The logo is no data URI of a picture.")
    if len(body) > MAX_BYTES * 4 / 3 + 4:
        raise _refused("The logo is too large.")
    try:
        return checked_logo(base64.b64decode(body, validate=True))
    except binascii.Error:
        raise _refused("The logo is no data URI of a picture.") from None


def left_out(uri: str) -> str:
    """What a PDF or workbook says of a logo that it cannot show; "" where it shows it."""
    logo = logo_of(uri)
    return NO_SVG if logo is not None and logo.is_drawn else ""


def _drawn(content: bytes) -> Logo:
    """An SVG in UTF-8, whatever it says of itself: in other letters a mark looks otherwise.

    A document type is refused: its entities may name files, or grow without end.
    """
    what = "The logo is no PNG, JPEG or SVG picture, or it is damaged."
    try:
        text = content.decode()
        if "\0" in text:  # UTF-16, which a reader of XML finds out by itself
            raise _refused(what)
        if "<!doctype" in text.lower():
            raise _refused("The logo is an SVG with a document type.")
        root = ElementTree.fromstring(text)  # noqa: S314 (it has no document type)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise _refused(what) from None
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        raise _refused(what)
    return Logo(content, _SVG, 0, 0)


def _refused(what: str) -> InputError:
    return InputError(what, next_step=_NEXT_STEP)
