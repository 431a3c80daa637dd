"""Which machine a view is about: the one chosen here, in the fleet table or by an address."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from spectra.store import instance_queries
from spectra.ui import choosing, empty
from spectra.ui.frame import Page
from spectra.ui.plain import plain

KEY = "unit"
# In the session: a group, and the member of it that an address has asked for.
_MEMBER = "_unit_member"


def pick(page: Page, table: pd.DataFrame) -> pd.Series | None:
    """The unit chosen on this page, in the fleet table or in the address; None without any.

    The address may name a member of an autoscaling group: then it is the group.
    """
    names = {
        str(row.unit_id): f"{row.name_shown} · {row.instance_type} · {row.region}"
        for row in table.rename(columns={"name": "name_shown"}).itertuples()
    }
    if not names:
        empty.say("No machine is in the selection.", "Clear a filter in the sidebar.",
                  empty.EVERYTHING)  # fmt: skip
        return None
    asked = st.query_params.get(KEY)
    if (
        asked
        and asked not in names
        and (unit := page.get(instance_queries.unit_of, asked)) in names
    ):
        st.query_params[KEY] = unit
        st.session_state[_MEMBER] = (unit, asked)
    chosen = choosing.one_of("Machine", names, key=KEY, steps=(empty.EVERYTHING,))
    if chosen is None:
        return None
    group, member = st.session_state.get(_MEMBER, ("", ""))
    if group != chosen:
        st.session_state.pop(_MEMBER, None)
    elif member != chosen:
        st.info(f"{plain(member)} is a member of this group, which is judged as a whole.",
                icon=":material/info:")  # fmt: skip
    found: pd.Series = table[table["unit_id"] == chosen].iloc[0]
    return found
