"""The parts of the Instances page."""
