"""Cached queries: small results, shared by all viewers of one store until it is written again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from spectra.catalog import Catalog
from spectra.store import Store
from spectra.store.selection import Selection
from spectra.ui.workspace import Workspace

Result = TypeVar("Result")


def query(function: Callable[..., Result], workspace: Workspace, *arguments: Any) -> Result:
    """Run a read query of `spectra.store`, or give back its result of before.

    The key names the store and its revision, so that no other workspace's rows and none from
    before a write can come back. What a private workspace answers stays in its own session.
    """
    store = workspace.store
    cached = _of_session if workspace.is_private else _shared
    result: Result = cached(
        f"{function.__module__}.{function.__qualname__}",
        (store.identity, store.revision),
        arguments,
        _function=function,
        _store=store,
    )
    return result


def forget_session() -> None:
    """Forget what a private workspace answered in this session."""
    _of_session.clear()


# A catalogue is what its tables are; it does not change while it is held.
_HASHES: dict[type | str, Callable[[Any], Any]] = {
    Catalog: lambda catalog: catalog.fingerprint,
    Selection: repr,  # taking a dataclass apart takes four times as long
}
# However many fleets of 5,000 are asked for: each is some MB.
_SHARED_SIZE, _SESSION_SIZE = "64MiB", "16MiB"


@st.cache_data(
    show_spinner=False, max_entries=400, max_size=_SHARED_SIZE, ttl="1h", hash_funcs=_HASHES
)
def _shared(
    name: str,
    store_key: tuple[str, int],
    arguments: tuple[Any, ...],
    _function: Callable[..., Any],
    _store: Store,
) -> Any:
    return _function(_store, *arguments)


@st.cache_data(
    show_spinner=False,
    max_entries=200,
    max_size=_SESSION_SIZE,
    ttl="1h",
    scope="session",
    hash_funcs=_HASHES,
)
def _of_session(
    name: str,
    store_key: tuple[str, int],
    arguments: tuple[Any, ...],
    _function: Callable[..., Any],
    _store: Store,
) -> Any:
    return _function(_store, *arguments)
