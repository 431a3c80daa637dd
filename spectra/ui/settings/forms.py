"""Forms made from the table of settings: what is saved, what is pinned, what a value means."""

from __future__ import annotations

from typing import Any

import streamlit as st

from spectra.config import ENVIRONMENT, FILE, Stated, check_value
from spectra.errors import InputError
from spectra.settings import SETTINGS, Setting
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page

_PLACES = {ENVIRONMENT: "the environment", FILE: "secrets.toml"}


def section(page: Page, name: str) -> None:
    """The saved settings of a section as one form."""
    fields = [s for s in SETTINGS if s.section == name and s.saved]
    known = page.workspace.stated()
    may_change = page.workspace.may_change
    elsewhere = [s for s in fields if _follow(page, s, known[s.name].text)]
    with st.form(f"settings_{name}", border=True):
        columns = st.columns(2 if len(fields) > 1 else 1)
        texts = {}
        for position, setting in enumerate(fields):
            with columns[position % len(columns)]:
                texts[setting.name] = _field(page, setting, known[setting.name], may_change)
        sent = st.form_submit_button("Save", type="primary", disabled=not may_change)
    if not may_change:
        st.caption("This deployment is public: only its operator changes what all share.")
    if sent and elsewhere:
        st.warning(
            f"**Changed elsewhere meanwhile: {', '.join(s.label for s in elsewhere)}.** Nothing "
            "was saved. The form shows the settings as they are now: look at it and save again.",
            icon=":material/warning:",
        )
    elif sent:
        _save(page, fields, known, texts)


def _follow(page: Page, setting: Setting, text: str) -> bool:
    """Put what is stated into a widget; whether it was drawn with something else before.

    What is typed stays in it until the workspace or what it states is another.
    """
    key = f"setting_{setting.name}"
    drawn, now = st.session_state.get(f"{key}_of"), (page.store.identity, text)
    if drawn != now or key not in st.session_state:
        st.session_state[key] = _value(page, setting, text)
        st.session_state[f"{key}_of"] = now
    return drawn not in (None, now)


def _value(page: Page, setting: Setting, text: str) -> str | bool | list[str]:
    """What a widget holds for a text; it holds no choice that is not on offer."""
    if setting.name == "regions":
        codes = {region.code for region in page.catalog.regions}
        return [code for code in text.replace(",", " ").split() if code in codes]
    if setting.choices:
        return text if text in setting.choices else setting.choices[0]
    return bool(setting.parse(text)) if setting.default in ("on", "off") else text


def _field(page: Page, setting: Setting, stated: Stated, may_change: bool) -> str:
    """One widget; returns the text of its value."""
    pinned = f" Set by {_PLACES[stated.origin]}; change it there." if stated.is_pinned else ""
    about = f"{setting.help[0].upper()}{setting.help[1:]}.{pinned}"
    look: dict[str, Any] = {
        "key": f"setting_{setting.name}",
        "help": about,
        "disabled": stated.is_pinned or not may_change,
    }
    if setting.name == "regions":
        codes = [region.code for region in page.catalog.regions]
        return ", ".join(
            st.multiselect(setting.label, codes, placeholder="All enabled regions", **look)
        )
    if setting.choices:
        return str(st.selectbox(setting.label, setting.choices, **look))
    if setting.default in ("on", "off"):
        return "on" if st.toggle(setting.label, **look) else "off"
    return str(st.text_input(setting.label, **look))


def _save(
    page: Page, fields: list[Setting], known: dict[str, Stated], texts: dict[str, str]
) -> None:
    """Check everything first, so that a wrong value saves nothing and what was typed stays."""
    changed = {
        s.name: texts[s.name]
        for s in fields
        if not known[s.name].is_pinned and texts[s.name] != known[s.name].text
    }
    if not changed:
        st.info("Nothing was changed.", icon=":material/info:")
        return
    try:
        for setting in fields:
            if setting.name in changed:
                check_value(setting, changed[setting.name])
    except InputError as error:
        workspaces.show_error(error)
        return
    with st.spinner("Saving, and computing what it changes"):
        page.workspace.save(changed)
    st.session_state["settings_saved"] = len(changed)
    st.rerun()
