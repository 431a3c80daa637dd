"""Pictures for the README: ``python -m tests.browser.screenshots docs/images``."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser.server import chromium, running_app

PAGES = {
    "dashboard": "",
    "regions": "regions",
    "instances": "instances",
    "anomalies": "anomalies",
    "budgets": "budgets",
    "reports": "reports",
    "scheduler": "scheduler",
    "settings": "settings",
}
WIDTHS = (1440, 390)
RESTS = "[data-testid=stApp][data-test-script-state=notRunning]"
TALLEST = {1440: 2600, 390: 2200}


def main(folder: Path) -> None:
    """Write a PNG for each page, width and theme."""
    with (
        tempfile.TemporaryDirectory() as place,
        running_app(Path(place) / "spectra.duckdb") as url,
        chromium() as browser,
    ):
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                page = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=scheme
                ).new_page()
                for name, path in PAGES.items():
                    page.goto(f"{url}/{path}")
                    page.wait_for_selector("h1", timeout=60_000)
                    page.wait_for_timeout(1_500)  # until the page's own run has begun
                    page.wait_for_selector(RESTS, timeout=120_000)
                    page.wait_for_timeout(2_000)  # until its charts and tables are drawn
                    height = page.evaluate(
                        "document.querySelector('[data-testid=stMain]').scrollHeight"
                    )
                    page.set_viewport_size({"width": width, "height": min(height, TALLEST[width])})
                    page.wait_for_timeout(1_500)
                    _save(page.screenshot(), folder / f"{name}_{scheme}_{width}.png")
                    page.set_viewport_size({"width": width, "height": 900})


def _save(png: bytes, path: Path) -> None:
    """Keep a picture small: 128 colours suffice for a screen of flat areas."""
    Image.open(io.BytesIO(png)).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    print(f"{path} {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
