"""Every page of an answer, and a way out when AWS hands out the same page twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import PaginationError

from spectra.errors import MalformedError
from spectra.sources.aws.access import Account
from spectra.sources.aws.errors import translated

Page = dict[str, Any]


def paginate(
    account: Account, action: str, operation: str, region: str, **parameters: Any
) -> Iterator[Page]:
    """All pages of an operation that botocore can page through.

    Parameters
    ----------
    action : str
        The permission it needs, such as ``ec2:DescribeInstances``.

    Raises
    ------
    SourceError
        MalformedError if a token comes again, else what AWS refuses.
    """
    client = account.client(action.partition(":")[0], region)
    with translated(action, region):
        try:
            for page in client.get_paginator(operation).paginate(**parameters):
                yield _with_content(page, action)
        except PaginationError:
            raise _repeated(action) from None


def by_token(
    action: str, call: Callable[[dict[str, str]], Page], *, sent_as: str, found_in: str
) -> Iterator[Page]:
    """All pages of an operation that botocore cannot page through.

    Parameters
    ----------
    call : callable
        Asks for a page, with the token as keyword arguments.
    sent_as, found_in : str
        Names of the token in the question and in the answer.
    """
    token: dict[str, str] = {}
    seen: set[str] = set()
    while True:
        with translated(action):
            page = _with_content(call(token), action)
        yield page
        following = page.get(found_in)
        if not following:
            return
        if following in seen:
            raise _repeated(action)
        seen.add(following)
        token = {sent_as: following}


def _with_content(page: Page, action: str) -> Page:
    """A page that AWS wrote; anything else, as a portal's sign-in page, is read as one of nothing.

    What nobody said must not pass for a fleet that is gone.
    """
    if page.keys() <= {"ResponseMetadata"}:
        raise MalformedError(
            f"The answer of AWS to {action} cannot be read (it has no content).",
            next_step="Check the network and its proxy; the last values stay, with their age.",
        )
    return page


def _repeated(action: str) -> MalformedError:
    return MalformedError(
        f"AWS repeats a page of {action} without end; nothing of it was used.",
        next_step="It is asked again later.",
    )
