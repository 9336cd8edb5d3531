"""What a person sees in the Dagster UI, in a real browser: groups, and a published asset with its promises."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from platform_assets.processes.control import start_all, stop_all
from platform_assets.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Where a browser is promised (the continuous integration installs one) its absence is a failure, not a skip.
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("PLATFORM_REQUIRE_BROWSER") != "1", reason="no Chromium on this machine"
)


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    assert CHROMIUM is not None, "PLATFORM_REQUIRE_BROWSER=1 but there is no Chromium; install the package chromium"
    start_all(settings, only=("dagster_webserver",))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser.new_page(
            base_url=f"http://127.0.0.1:{settings.dagster_port}", viewport={"width": 1600, "height": 1000}
        )
        browser.close()
    stop_all(settings, only=("dagster_webserver",))


@pytest.mark.timeout(400)
def test_the_asset_graph_shows_a_group_for_every_product(page: Page) -> None:
    page.goto("/asset-groups")

    for group in ("raw", "staging", "features", "churn", "clv", "segments", "cancellation_risk", "parking_demand"):
        expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=60_000)


def test_a_published_asset_shows_its_metadata_owner_and_freshness(page: Page) -> None:
    page.goto("/assets/churn/published_predictions")

    expect(page.get_by_text("customer-intelligence").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile("release_id")).first).to_be_visible()
    expect(page.get_by_text(re.compile("Freshness policy", re.IGNORECASE)).first).to_be_visible()
