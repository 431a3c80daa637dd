"""What a session keeps from one run to the next, shown only beside what it was found of."""

from __future__ import annotations

from typing import Any

import streamlit as st

_KEPT = "_spectra_kept"


def keep(name: str, value: Any, *of: str) -> None:
    """Keep a value, and what it is of: a workspace by its identity, a key by its fingerprint."""
    st.session_state.setdefault(_KEPT, {})[name] = (of, value)


def kept(name: str, *of: str) -> Any:
    """What was kept of exactly this; None when nothing was, or of something else."""
    known, value = st.session_state.get(_KEPT, {}).get(name, (of, None))
    return value if known == of else None


def drop(name: str) -> None:
    """Forget one of them."""
    st.session_state.get(_KEPT, {}).pop(name, None)
