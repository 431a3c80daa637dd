"""The parts of the Scheduler page."""
