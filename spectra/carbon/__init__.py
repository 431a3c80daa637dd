"""Carbon arithmetic: what an instance-hour costs the climate."""
