"""The parts of the Anomalies page."""
