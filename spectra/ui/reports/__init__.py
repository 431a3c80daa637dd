"""The Reports page's parts."""
