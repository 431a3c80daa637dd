"""Anomalies."""

from spectra.insight.anomalies.api import Scan, detect, scan
from spectra.insight.anomalies.memory import Memory
from spectra.insight.anomalies.sensitivity import CPU, DEFAULT, Sensitivity

__all__ = ["CPU", "DEFAULT", "Memory", "Scan", "Sensitivity", "detect", "scan"]
