"""A ``md:`` database: its token comes from the environment alone, and why it does not open."""

from __future__ import annotations

import os

import duckdb

from spectra.errors import StoreError

PREFIX = "md:"
# The extension reads its token from there; without one it would open a browser and wait.
TOKENS = ("motherduck_token", "MOTHERDUCK_TOKEN")


def require_token(path: str) -> None:
    """Refuse to begin without a token.

    Raises
    ------
    StoreError
        If the environment has none.
    """
    if not any(os.environ.get(name) for name in TOKENS):
        raise StoreError(
            f"The MotherDuck database “{path}” needs a token.",
            next_step="Set motherduck_token in the environment, never in SPECTRA_DATABASE, or set "
            "SPECTRA_DATABASE to a file.",
        )


def open_error(path: str, error: Exception) -> StoreError:
    """Why it does not open, told by kind alone: what the service says may name an account."""
    reason = str(error).lower()
    if "extension" in reason:
        what = "DuckDB's MotherDuck extension could not be loaded"
        step = (
            f"Allow access to extensions.duckdb.org, and look whether MotherDuck supports DuckDB "
            f"{duckdb.__version__}."
        )
    elif any(word in reason for word in ("token", "auth", "jwt", "permission")):
        what = "the token was not accepted"
        step = "Make a new one at MotherDuck and set motherduck_token in the environment."
    else:
        what = "the service does not answer, or has no such database"
        step = "Create it there (CREATE DATABASE), and look whether the network is up."
    return StoreError(
        f"The MotherDuck database “{path}” cannot be opened: {what}.",
        next_step=f"{step} With SPECTRA_DATABASE set to a file SPECTRA works without it.",
    )
