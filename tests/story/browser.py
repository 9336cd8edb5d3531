"""The browser in which stories look at Dagster."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

from platform_assets.processes.control import start_all, stop_all
from platform_assets.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Where a browser is promised (the continuous integration installs one) its absence is a failure, not a skip.
NEEDS_BROWSER = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("PLATFORM_REQUIRE_BROWSER") != "1", reason="no Chromium on this machine"
)


@contextmanager
def dagster_page(settings: Settings) -> Iterator[Page]:
    """Open the web server of a platform in a browser; both end with the block."""
    assert CHROMIUM is not None, "PLATFORM_REQUIRE_BROWSER=1 but there is no Chromium; install the package chromium"
    start_all(settings, only=("dagster_webserver",))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
            yield browser.new_page(
                base_url=f"http://127.0.0.1:{settings.dagster_port}", viewport={"width": 1600, "height": 1000}
            )
            browser.close()
    finally:
        stop_all(settings, only=("dagster_webserver",))
