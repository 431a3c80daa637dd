"""What is chosen on a page by hand or by its address: a view, and one thing of many."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import streamlit as st

from spectra.ui import address, empty, frame
from spectra.ui.plain import plain


def view(views: Sequence[str], *, key: str) -> str:
    """Switch between the views of a page; the address carries it, and the session keeps it.

    Streamlit takes what an address carries away before it leaves a page, so the browser's way back
    leads to the page without it: the view that was left is shown then, as from any other link.
    """
    left, back = f"_{key}_left", f"_{key}_back"
    if back in st.session_state:
        st.session_state[key] = st.session_state.pop(back)
    is_back = frame.has_turned() and key not in st.query_params
    look_up(key, views)
    chosen = st.segmented_control(
        "View",
        views,
        default=views[0],
        required=True,
        key=key,
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
        on_change=address.forget,
        args=(key,),
    )
    if is_back and chosen != st.session_state.get(left, chosen):
        st.session_state[back] = st.session_state[left]
        st.rerun()
    st.session_state[left] = chosen
    tell(key, "view", chosen)
    return chosen


def look_up(key: str, offered: Collection[str]) -> None:
    """Before a choice of a page is drawn: keep what the address asks it for and it lacks."""
    if frame.has_turned():
        address.forget(key)
    address.read(key, offered)


def tell(key: str, kind: str, shown: str) -> None:
    """After it is drawn: say what it lacks, and what is shown instead."""
    empty.say_not_on_offer(key, kind, f"“{shown}” is shown instead; choose another one here.")


def region(  # noqa: PLR0913 (one keyword for each part of it)
    label: str,
    codes: Sequence[str],
    *,
    key: str,
    usual: str,
    follows: Sequence[str] = (),
    width: int | Literal["stretch"] = "stretch",
) -> str:
    """Choose a region by its code; the address carries it as `key`.

    It begins with the `usual` one, or the first that it `follows`, as those of the sidebar: once
    for each of them, so what is chosen by hand since stays, and so does what a link names.
    """
    first, seen = next((code for code in follows if code in codes), ""), f"_{key}_follows"
    before = st.session_state.get(seen)
    if first and first != before and not (before is None and key in st.query_params):
        st.session_state[key] = first
    st.session_state[seen] = first
    look_up(key, codes)
    chosen: str = st.selectbox(
        label, codes, index=codes.index(usual), key=key, bind="query-params",
        persist_state="session", width=width, on_change=address.forget, args=(key,),
    )  # fmt: skip
    return chosen


def outside(asked: str) -> tuple[str, str]:
    """What is said of an ID that is not on offer, and what to do about it."""
    return (
        f"“{plain(asked)}” of this page's address is not in the selection.",
        "Choose a longer period, clear a filter, or choose another one here.",
    )


def one_of(  # noqa: PLR0913 (one keyword for each part of it)
    label: str,
    names: Mapping[str, str],
    *,
    key: str,
    steps: Sequence[empty.Turn],
    lacking: Callable[[str], tuple[str, str]] = outside,
    width: int | Literal["stretch"] = "stretch",
) -> str | None:
    """Choose one thing by its name; the address carries its ID as `key`.

    An ID that is not among `names`, as in a link to what is outside the filters, is told in the
    words of `lacking` with the `steps` that may bring it, and nothing stands in for it: the answer
    is None.
    """
    # A bound widget would put the name into the address.
    asked, in_address = st.query_params.get(key), f"_{key}_in_address"
    if asked and asked != st.session_state.get(in_address):
        st.session_state[key] = st.session_state[in_address] = asked
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)
        if asked in names:  # it was outside, and is not any more
            st.session_state[key] = asked
    missing = asked if asked not in names and key not in st.session_state else None
    if missing:
        empty.say(*lacking(missing), *steps)
    chosen = st.selectbox(
        label,
        list(names),
        index=None if missing else 0,
        format_func=names.__getitem__,
        key=key,
        persist_state="session",
        placeholder="Choose one",
        width=width,
    )
    if chosen is None:
        return None
    st.session_state[in_address] = st.query_params[key] = str(chosen)
    return str(chosen)
