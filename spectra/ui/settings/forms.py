"""Forms made from the table of settings: what is saved, what is pinned, what a value means."""

from __future__ import annotations

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
    with st.form(f"settings_{name}", border=True):
        columns = st.columns(2 if len(fields) > 1 else 1)
        texts = {}
        for position, setting in enumerate(fields):
            with columns[position % len(columns)]:
                texts[setting.name] = _field(page, setting, known[setting.name], may_change)
        sent = st.form_submit_button("Save", type="primary", disabled=not may_change)
    if not may_change:
        st.caption("This deployment is public: only its operator changes what all share.")
    if sent:
        _save(page, fields, known, texts)


def _field(page: Page, setting: Setting, stated: Stated, may_change: bool) -> str:
    """One widget; returns the text of its value."""
    pinned = f" Set by {_PLACES[stated.origin]}; change it there." if stated.is_pinned else ""
    about = f"{setting.help[0].upper()}{setting.help[1:]}.{pinned}"
    disabled = stated.is_pinned or not may_change
    key = f"setting_{setting.name}"
    if setting.name == "regions":
        codes = [region.code for region in page.catalog.regions]
        chosen = [code for code in stated.text.replace(",", " ").split() if code in codes]
        picked = st.multiselect(
            setting.label, codes, chosen, key=key, help=about, disabled=disabled,
            placeholder="All enabled regions",
        )  # fmt: skip
        return ", ".join(picked)
    if setting.choices:
        return st.selectbox(
            setting.label,
            setting.choices,
            index=setting.choices.index(stated.text) if stated.text in setting.choices else 0,
            key=key,
            help=about,
            disabled=disabled,
        )
    if setting.default in ("on", "off"):
        is_on = bool(setting.parse(stated.text))
        return (
            "on"
            if st.toggle(setting.label, is_on, key=key, help=about, disabled=disabled)
            else "off"
        )
    return st.text_input(setting.label, stated.text, key=key, help=about, disabled=disabled)


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
