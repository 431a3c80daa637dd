"""SPECTRA: what a cloud fleet emits, why, and what to change; the library under the dashboard."""

import pandas as pd

from spectra.carbon.method import METHOD_VERSION as _VERSION

# Frames are small here, a few thousand rows: there, text kept by Arrow costs a fifth more time.
pd.set_option("mode.string_storage", "python")

__version__ = "0.1.0"
METHOD_VERSION = f"method-{_VERSION}"
