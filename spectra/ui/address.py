"""What an address asks for and nobody offers: it is told, as a bound widget drops it at once."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from spectra.ui.plain import LONGEST, shorten


def note(key: str) -> str:
    """Where the session keeps what was asked for as `key` and is not on offer."""
    return f"_{key}_not_on_offer"


def read(key: str, offered: Collection[str], *also: str) -> list[str]:
    """Values of an address that are not on offer, before a widget is drawn that drops them.

    They are kept until the address names the choice again or it is made by hand (`forget`).

    Parameters
    ----------
    key : str
        Name of the choice in the address.
    also : str
        Further values that were asked for, as by another name.
    """
    if asked := [*st.query_params.get_all(key), *also]:
        st.session_state[note(key)] = [
            shorten(value, LONGEST) for value in asked if value and value not in offered
        ]
    kept: list[str] = st.session_state.get(note(key), [])
    return kept


def forget(key: str) -> None:
    """Forget what was asked for: for a widget to call when it is changed."""
    st.session_state.pop(note(key), None)
