"""The sections of a report, in order, each arranged from the evidence."""
