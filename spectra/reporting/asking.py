"""What a person asks of a report: its period, boundary, and what only they know; all checked."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from spectra.catalog import Catalog
from spectra.errors import InputError
from spectra.reporting.faces.logo import logo_of
from spectra.reporting.model import TEMPLATES, Request
from spectra.store.selection import Selection

MAX_LOGO_BYTES = 512 * 1024
MAX_TEXT = 300
MAX_DAYS = 3 * 366
_LOGO = re.compile(r"data:image/(png|jpeg|svg\+xml);base64,([A-Za-z0-9+/=]+)")
_NEXT_STEP = "Use 2026-07, 2026-Q3, 2026, or 2026-07-01..2026-07-14 (both days included)."


def parse_period(text: str) -> tuple[datetime, datetime]:
    """Start and exclusive end of a month, quarter, year or span of UTC days.

    Raises
    ------
    InputError
        If the text is none of them, the span is empty or longer than three years.
    """
    try:
        first, last = _days(text.strip())
        start, end = (datetime.combine(day, time(), UTC) for day in (first, last))
    except (ValueError, OverflowError):
        raise InputError(f"“{text}” is not a period.", next_step=_NEXT_STEP) from None
    if end <= start:
        raise InputError(f"The period “{text}” is empty.", next_step=_NEXT_STEP)
    if end - start > timedelta(days=MAX_DAYS):
        raise InputError(
            f"The period “{text}” is longer than three years.", next_step="Report by year."
        )
    return start, end


def _days(text: str) -> tuple[date, date]:
    """First day and the day after the last; ValueError if the text is no period."""
    if match := re.fullmatch(r"(\d{4})(?:-Q([1-4])|-(\d{2}))?", text, re.ASCII):
        year, quarter, month = (int(part) if part else 0 for part in match.groups())
        first = date(year, quarter * 3 - 2 if quarter else month or 1, 1)
        if quarter == month == 0 and "-" in text:
            raise ValueError(text)
        return first, _months_on(first, 3 if quarter else 1 if "-" in text else 12)
    first_text, separator, last_text = text.partition("..")
    if not separator:
        raise ValueError(text)
    return _day(first_text), _day(last_text) + timedelta(days=1)


def _day(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError(text)
    return date.fromisoformat(text)


def _months_on(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def year_before(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The same days one year earlier; 29 February becomes 1 March."""
    return _year_back(start), _year_back(end)


def year_up_to(start: datetime, end: datetime) -> datetime:
    """Beginning of the year before `end`, or `start` if that is earlier."""
    return min(start, _year_back(end))


def _year_back(moment: datetime) -> datetime:
    if (moment.month, moment.day) == (2, 29):
        return moment.replace(year=moment.year - 1, month=3, day=1)
    return moment.replace(year=moment.year - 1)


def make_request(  # noqa: PLR0913 (each is a question of the form)
    catalog: Catalog,
    period: str,
    *,
    regions: Sequence[str] = (),
    teams: Sequence[str] = (),
    accounts: Sequence[str] = (),
    view: Literal["customer", "provider"] = "customer",
    template: str = "full",
    company: str = "",
    entity: str = "",
    logo: str = "",
    revenue: float | None = None,
    currency: str = "USD",
    assurance: str = "",
    prepared_by: str = "",
) -> Request:
    """A request, checked; see `Request` for what each is.

    Raises
    ------
    InputError
        For a value that cannot be used; names it and what it should be.
    """
    start, end = parse_period(period)
    for region in regions:
        if catalog.region(region) is None:
            raise InputError(
                f"There is no region “{region}”.", next_step="Use codes such as eu-central-1."
            )
    if view not in ("customer", "provider"):
        raise InputError(f"There is no view “{view}”.", next_step="Use customer or provider.")
    if template not in TEMPLATES:
        raise InputError(
            f"There is no template “{template}”.", next_step=f"Use {', '.join(TEMPLATES)}."
        )
    return Request(
        period.strip(),
        start,
        end,
        _names(regions),
        _names(teams),
        _names(accounts),
        view,
        template,
        _line("company", company),
        _line("reporting entity", entity),
        _checked_logo(logo),
        _checked_revenue(revenue),
        _checked_currency(currency),
        _line("assurance line", assurance),
        _line("name", prepared_by),
    )


def logo_uri(content: bytes) -> str:
    """A picture as the data URI that a request takes.

    Raises
    ------
    InputError
        If it is no PNG, JPEG or SVG, or larger than 512 KB.
    """
    head = content[:300].lstrip().lower()
    kind = (
        "png" if content.startswith(b"\x89PNG\r\n\x1a\n")
        else "jpeg" if content.startswith(b"\xff\xd8\xff")
        else "svg+xml" if head.startswith((b"<svg", b"<?xml")) and b"<svg" in content.lower()
        else ""
    )  # fmt: skip
    if not kind:
        raise InputError("The logo is no PNG, JPEG or SVG picture.")
    return _checked_logo(f"data:image/{kind};base64,{base64.b64encode(content).decode()}")


def selection_of(request: Request) -> Selection:
    """The hours and the boundary of a request, as the store selects them."""
    return Selection(
        request.start,
        request.end,
        request.regions,
        request.teams,
        accounts=request.accounts,
    )


def scope_key(request: Request) -> str:
    """What a final report is about: period and boundary, as canonical JSON."""
    known = {
        "start": request.start.isoformat(),
        "end": request.end.isoformat(),
        "regions": list(request.regions),
        "teams": list(request.teams),
        "accounts": list(request.accounts),
    }
    return json.dumps(known, sort_keys=True, ensure_ascii=False)


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({_line("filter", value) for value in values}))


def _line(what: str, text: str) -> str:
    """One line of text without control characters."""
    clean = " ".join(text.split())
    if len(clean) > MAX_TEXT:
        raise InputError(f"The {what} is longer than {MAX_TEXT} characters.")
    if any(not c.isprintable() for c in clean):
        raise InputError(f"The {what} holds characters that cannot be printed.")
    return clean


def _checked_logo(uri: str) -> str:
    if not uri:
        return ""
    match = _LOGO.fullmatch(uri)
    try:
        size = len(base64.b64decode(match[2], validate=True)) if match else 0
    except binascii.Error:
        size = 0
    if not 0 < size <= MAX_LOGO_BYTES:
        raise InputError(
            "The logo cannot be used.", next_step="Use a PNG, JPEG or SVG of at most 512 KB."
        )
    logo_of(uri)  # a report with a damaged picture could be sealed and never be written
    return uri


def _checked_revenue(revenue: float | None) -> float | None:
    if revenue is None:
        return None
    if not math.isfinite(revenue) or revenue <= 0:
        raise InputError(
            "The net revenue must be a number above 0.", next_step="Leave it out if not known."
        )
    return float(revenue)


def _checked_currency(currency: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise InputError(f"“{currency}” is no currency.", next_step="Use a code such as EUR.")
    return currency
