"""What a person asks of a report: its period, boundary, and what only they know; all checked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from spectra.catalog import Catalog
from spectra.errors import InputError
from spectra.moments import DAY, last_day, midnight
from spectra.reporting.faces.logo import logo_of
from spectra.reporting.model import TEMPLATES, Request
from spectra.store.selection import Selection

MAX_TEXT = 300
MAX_DAYS = 3 * 366
FIRST_YEAR = 1970
_JOINERS = "\u200c\u200d"  # of Persian and Indic words, and of emoji; no other format character
_NEXT_STEP = "Use 2026-07, 2026-Q3, 2026, or 2026-07-01..2026-07-14 (both days included)."


def parse_period(text: str) -> tuple[datetime, datetime]:
    """Start and exclusive end of a month, quarter, year or span of UTC days.

    Raises
    ------
    InputError
        If the text is none of them, the span is empty, longer than three years or before 1970.
    """
    try:
        first, last = _days(text.strip())
        start, end = (midnight(day) for day in (first, last))
    except (ValueError, OverflowError):
        raise InputError(f"“{text}” is not a period.", next_step=_NEXT_STEP) from None
    if start.year < FIRST_YEAR:
        raise InputError(
            f"The period “{text}” begins before {FIRST_YEAR}.", next_step="Choose a later one."
        )
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
    return _day(first_text), _day(last_text) + DAY


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
    """Beginning of the twelve months up to the one that `end` lies in, or an earlier `start`."""
    first = _months_on(last_day(end), -11)
    return min(start, midnight(first))


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
    if template == "team" and len(_names(teams)) != 1:
        raise InputError(
            "A statement of a team is of one team.", next_step="Name one, or use another template."
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
        checked.uri if (checked := logo_of(logo)) else "",
        _checked_revenue(revenue),
        _checked_currency(currency),
        _line("assurance line", assurance),
        _line("name", prepared_by),
    )


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
    """One line of text without control characters and without format characters but joiners."""
    clean = " ".join(text.split())
    if len(clean) > MAX_TEXT:
        raise InputError(f"The {what} is longer than {MAX_TEXT} characters.")
    if not all(c.isprintable() or c in _JOINERS for c in clean):
        raise InputError(f"The {what} holds characters that cannot be printed.")
    return clean


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
