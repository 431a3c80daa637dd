"""Watches a workspace: runs the detectors over what is new and keeps the incidents they find."""

from spectra.watch.kinds import FAMILIES, KINDS, family_of
from spectra.watch.watcher import Watcher, back_test, sensitivity_of

__all__ = ["FAMILIES", "KINDS", "Watcher", "back_test", "family_of", "sensitivity_of"]
