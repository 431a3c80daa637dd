"""A workspace without a fleet: a refresh brings it, its account has none, or nobody is asked."""

from __future__ import annotations

from spectra.ui import empty
from spectra.ui.frame import Page

_FARES = empty.Link("pages/settings.py", "How each source fares", ":material/network_check:",
                    {"section": "Workspace"})  # fmt: skip
_REGIONS = empty.Link("pages/settings.py", "Regions that are asked", ":material/public:",
                      {"section": "Regions"})  # fmt: skip


def say(page: Page, purpose: str, *steps: empty.Link | empty.Turn) -> None:
    """Say that there is no fleet for a purpose yet, as ``to report on``, and what to do.

    The `steps` are further ones for where nothing is connected.
    """
    message = f"There is no fleet {purpose} yet."
    workspace = page.workspace
    if workspace.refresher.is_running:
        empty.say(message, "A refresh is under way; its progress is at the side. What it reads is "
                  "shown when it has ended.",
                  empty.Turn("Look again", ":material/refresh:"), _FARES)  # fmt: skip
    elif workspace.setup.connections.aws is not None:
        empty.say(message, "An AWS account is connected, and no machine of it is known: look at "
                  "what it answered and which regions are asked, then press “Refresh now” at the "
                  "side.", _FARES, _REGIONS)  # fmt: skip
    elif workspace.is_private:
        empty.say(message, "Connect an AWS account in this private workspace, or end it in "
                  "Settings.", empty.CONNECT, *steps)  # fmt: skip
    else:
        empty.say(message, "Set SPECTRA_DEMO=on for the demo company, or connect an AWS account.",
                  empty.CONNECT, *steps)  # fmt: skip
