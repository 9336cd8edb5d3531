"""What a person sees in the Dagster UI, in a real browser: groups, and a published asset with its promises."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from platform_assets.settings import Settings
from tests.story.browser import NEEDS_BROWSER, dagster_page

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Page]:
    with dagster_page(settings) as opened:
        yield opened


def test_the_asset_graph_shows_a_group_for_every_product(page: Page) -> None:
    page.goto("/asset-groups")

    for group in ("raw", "staging", "features", "churn", "clv", "segments", "cancellation_risk", "parking_demand"):
        expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=60_000)


def test_a_published_asset_shows_its_metadata_owner_and_freshness(page: Page) -> None:
    page.goto("/assets/churn/published_predictions")

    expect(page.get_by_text("customer-intelligence").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile("release_id")).first).to_be_visible()
    expect(page.get_by_text(re.compile("Freshness policy", re.IGNORECASE)).first).to_be_visible()
