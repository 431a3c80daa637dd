"""Forms for keys of this session; what is typed is emptied at once and never shown again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from spectra import checks, heap
from spectra.errors import SourceError, SpectraError, unexpected
from spectra.refresh.connections import SessionKeys
from spectra.setting_values import ROLE_ARN
from spectra.sources.aws import Access, AwsKeys, Role
from spectra.sources.cloudflare import Radar
from spectra.sources.electricity_maps import ElectricityMaps
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.saved_settings import saved_settings
from spectra.ui import kept, private
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.plain import plain

_REFUSED = "refused_keys"


def aws_form() -> None:
    """Access keys or temporary keys, and roles in other accounts."""
    with st.form("aws_keys", clear_on_submit=True):
        left, right = st.columns(2)
        access_key_id = left.text_input("Access key ID", key="aws_id", autocomplete="off")
        secret = right.text_input(
            "Secret access key", type="password", key="aws_secret", autocomplete="off"
        )
        token = st.text_input(
            "Session token (temporary keys only)",
            type="password",
            key="aws_token",
            autocomplete="off",
        )
        arns = st.text_area(
            "Role ARNs to assume (optional, one a line)", key="aws_roles", height=68
        )
        external_id = st.text_input(
            "External ID of the roles (optional)", type="password", key="aws_external",
            autocomplete="off",
        )  # fmt: skip
        sent = st.form_submit_button("Use in this session", type="primary")
    if sent:
        heap.spare_nothing()
        kept.drop(_REFUSED)
        problem = _problem(access_key_id, secret, arns)
        if problem:
            st.error(f"**{problem}** Nothing was kept.", icon=":material/error:")
            return
        roles = tuple(Role(arn, external_id.strip() or None) for arn in arns.split())
        _sign_in(AwsKeys(access_key_id.strip(), secret.strip(), token.strip() or None), roles)
    _refused()


def _problem(access_key_id: str, secret: str, arns: str) -> str:
    """What is wrong with the form, empty when nothing is."""
    if not access_key_id.strip() or not secret.strip():
        return "Both the access key ID and its secret are needed."
    wrong = [arn for arn in arns.split() if not ROLE_ARN.fullmatch(arn)]
    return "A line of the roles is not a role ARN (arn:aws:iam::…:role/…)." if wrong else ""


def _sign_in(keys: AwsKeys, roles: tuple[Role, ...]) -> None:
    """Take the keys; those that AWS does not take are kept with its answer for another try."""
    access = Access(keys, roles=roles)
    try:
        with st.spinner("Signing in"):
            accounts = frozenset(access.account(role).account_id for role in roles or (None,))
    except SourceError as error:
        # Anew, as the way of an error holds on to everything that was on it.
        told = SpectraError(error.message, next_step=error.next_step)
    except Exception as error:  # noqa: BLE001 (whatever typed keys do, they can be forgotten)
        told = unexpected(error)
    else:
        kept.drop(_REFUSED)
        _take(replace(private.keys(), aws=keys, roles=roles, accounts=accounts))
    kept.keep(_REFUSED, (keys, roles, told))


def _refused() -> None:
    """The answer to keys that were not taken, and what to do with them; asks nobody by itself."""
    pending: tuple[AwsKeys, tuple[Role, ...], SpectraError] | None = kept.kept(_REFUSED)
    if pending is None:
        return
    keys, roles, told = pending
    workspaces.show_error(told)
    with st.container(horizontal=True):
        again = st.button("Try again", key="aws_again")
        if st.button("Forget these keys", key="aws_forget"):
            kept.drop(_REFUSED)
            st.rerun()
    if again:
        _sign_in(keys, roles)
        st.rerun()


def electricity_maps_form(page: Page) -> None:
    """One key; kept when the service takes it."""
    key = _one_secret("electricity_maps", "Electricity Maps API key")
    if not key:
        return
    client = ElectricityMaps(key, page.workspace.config.electricity_maps_url)
    zones = page.catalog.zones_of(page.workspace.config.regions)
    if asked := _tested("electricity_maps", lambda: checks.check_electricity_maps(client, zones)):
        _take(replace(private.keys(), electricity_maps_key=key), asked)


def cloudflare_form(page: Page) -> None:
    """One token; kept when the service takes it."""
    token = _one_secret("cloudflare", "Cloudflare API token")
    if not token:
        return
    client = Radar(token, page.workspace.config.cloudflare_url)
    if asked := _tested("cloudflare_radar", lambda: checks.check_radar(client)):
        _take(replace(private.keys(), cloudflare_token=token), asked)


def _one_secret(name: str, label: str) -> str:
    with st.form(f"{name}_key", clear_on_submit=True):
        text = st.text_input(label, type="password", key=f"{name}_secret", autocomplete="off")
        sent = st.form_submit_button("Use in this session", type="primary")
    if not sent:
        return ""
    heap.spare_nothing()
    if not text.strip():
        st.error("**The field is empty.** Nothing was kept.", icon=":material/error:")
    return text.strip()


def _tested(source: str, run: Callable[[], checks.Check]) -> Fetch | None:
    """What the test of a key asked for; where the key does not work it says why, and None."""
    (check,), asked = checks.tallied(source, lambda: [run()])
    if not check.is_bad:
        return asked
    st.error(
        f"**{plain(check.detail)}**\n\n{plain(check.next_step)} The key was not kept.",
        icon=":material/error:",
    )
    if workspaces.current().is_private:
        log_fetch(workspaces.current().store, asked)
    return None


def _take(keys: SessionKeys, asked: Fetch | None = None) -> None:
    """Open this session's own workspace with the keys and start its first refresh.

    Machines of an account that is not asked any more would stand in every total beside the new
    ones: where there may be some, a new workspace begins, with the settings of the old one.
    """
    saved = dict[str, str]()
    if not private.keys().accounts <= keys.accounts:
        saved = saved_settings(workspaces.current().store)
        private.close()
        st.session_state["settings_note"] = (
            "These keys lead to another account: the private workspace begins anew, with an empty "
            "fleet. Your settings were kept."
        )
    opened = private.opened(keys)
    if asked is not None:
        log_fetch(opened.store, asked)
    if saved:
        opened.save(saved)
    opened.refresher.start(retry=True)
    st.session_state["keys_taken"] = True
    st.rerun()
