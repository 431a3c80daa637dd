"""Sources into the store: what the app's button, its catch-up and the command line all call."""

from spectra.refresh.demo import refresh_demo
from spectra.refresh.hours import current_hour
from spectra.refresh.settle import settle

__all__ = ["current_hour", "refresh_demo", "settle"]
