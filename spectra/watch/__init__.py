"""Watches a workspace: runs the detectors over what is new and keeps the incidents they find."""

from spectra.insight.anomalies.kinds import FAMILIES, KINDS
from spectra.watch.kinds import family_of
from spectra.watch.watcher import Watcher, back_test, sensitivity_of

__all__ = ["FAMILIES", "KINDS", "Watcher", "back_test", "family_of", "sensitivity_of"]
