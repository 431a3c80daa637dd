"""The Regions page, part by part."""
