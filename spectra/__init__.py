"""SPECTRA: what a cloud fleet emits, why, and what to change; the library under the dashboard."""

__version__ = "0.1.0"
METHOD_VERSION = "method-1.0"
