"""A run that a click or a closed tab does not break off: Streamlit would, between two steps."""

from __future__ import annotations

from collections.abc import Callable

from spectra.actions.run import Progress


class Undisturbed:
    """Shows progress, and keeps back what would end the script until the plans are over.

    Streamlit raises its wish to run the page again at the next thing shown or kept in the
    session; a machine must not stay stopped for it.
    """

    def __init__(self, show: Progress) -> None:
        self._show = show
        self._kept: BaseException | None = None

    def __call__(self, share: float, text: str) -> None:
        """Show how far it is, as long as somebody looks."""
        if self._kept is None:
            self._guarded(lambda: self._show(share, text))

    def keep(self, work: Callable[[], object]) -> None:
        """Do something with the session; once more where it was asked to end instead."""
        if not self._guarded(work):
            self._guarded(work)

    def give_way(self) -> None:
        """Let happen what was kept back."""
        if self._kept is not None:
            raise self._kept

    def _guarded(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except Exception:
            raise
        except BaseException as kept:  # noqa: BLE001 (raised again by give_way)
            self._kept = kept
            return False
        return True
