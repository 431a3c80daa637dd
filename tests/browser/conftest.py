"""A loaded machine is given time: a first start builds the demo company before its first page."""

from playwright.sync_api import expect

expect.set_options(timeout=30_000)
