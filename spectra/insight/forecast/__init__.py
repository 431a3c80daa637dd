"""Carbon intensity of the next hours with its prediction interval."""

from spectra.insight.forecast.api import Forecast, forecast_intensity, issue
from spectra.insight.forecast.choice import Choice, choose
from spectra.insight.forecast.series import clean as clean_history

__all__ = ["Choice", "Forecast", "choose", "clean_history", "forecast_intensity", "issue"]
