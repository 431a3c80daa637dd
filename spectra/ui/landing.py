"""Where the focus lands when the button that had it goes away: on the heading of the page.

Else the browser gives it to the whole document, and who goes on by keyboard or ear begins anew.
"""

from __future__ import annotations

import streamlit as st

_ASKED, _COUNT = "_spectra_lands", "_spectra_landings"
_SCRIPT = """<script>{{ /* {count}: each is run once */
    const heading = document.querySelector("[data-testid=stMain] h1");
    if (heading) {{ heading.tabIndex = -1; heading.focus({{preventScroll: true}}); }}
}}</script>"""


def on_heading() -> None:
    """Ask for it in the next run: in a callback, or before what was pressed begins a new run."""
    st.session_state[_ASKED] = True


def draw() -> None:
    """Move the focus in a run that it was asked for; nothing else."""
    if st.session_state.pop(_ASKED, False):
        st.session_state[_COUNT] = count = st.session_state.get(_COUNT, 0) + 1
        st.html(_SCRIPT.format(count=count), unsafe_allow_javascript=True)
