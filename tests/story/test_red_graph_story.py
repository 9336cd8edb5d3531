"""A stale product is red in Dagster's asset graph in a real browser, and green after the next batch.

With `PLATFORM_PICTURES=docs/images` this test makes the pictures of the documents anew.
"""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import dagster as dg
import pytest
from playwright.sync_api import FloatRect, Page, expect

from platform_assets.orchestration.execution import open_instance, run_job
from platform_assets.orchestration.incident_assets import INCIDENT_JOB, incident_assets, incident_job
from platform_assets.orchestration.promise_watch import promise_sensor
from platform_assets.processes.dagster_home import prepare_dagster_home
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.story.browser import NEEDS_BROWSER, dagster_page
from tests.story.promise_watch_home import Readers, WatchedHome, home_before
from tests.story.sample_platform import sample_products

Result = TypeVar("Result")
pytestmark = NEEDS_BROWSER
FIRST, NEXT = dt.date(2011, 11, 28), dt.date(2011, 12, 5)
RUN_AT = dt.datetime(2011, 11, 28, 4, 10, tzinfo=dt.UTC)
LATE_AT = dt.datetime(2011, 12, 10, tzinfo=dt.UTC)
MADE_UP_AT = LATE_AT + dt.timedelta(hours=1)
PICTURES = os.environ.get("PLATFORM_PICTURES")
LOADS_WITHIN_MS = 90_000
expect.set_options(timeout=LOADS_WITHIN_MS)


@pytest.fixture
def home(settings: Settings, online_store: Settings, told: Readers) -> WatchedHome:
    """Give a platform whose newest churn batch is twelve days old when it is looked at."""
    made = home_before(settings, online_store, "churn", told, day=FIRST, at=RUN_AT)
    return replace(made, settings=replace(made.settings, dagster_port=free_port()))


@pytest.fixture
def instance(home: WatchedHome) -> Iterator[dg.DagsterInstance]:
    with open_instance(prepare_dagster_home(home.settings)) as made:
        yield made


@pytest.fixture
def page(home: WatchedHome) -> Iterator[Page]:
    with dagster_page(home.settings) as opened:
        opened.set_default_timeout(LOADS_WITHIN_MS)
        opened.set_viewport_size({"width": 2000, "height": 1000})
        yield opened


def tick(
    home: WatchedHome, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, at: dt.datetime
) -> list[bool]:
    """Let the sensor look at an instant and report what it found, as the daemon does; return which checks pass."""
    monkeypatch.setattr("platform_assets.orchestration.promise_watch.wall_now", lambda: at)
    data = promise_sensor(home.settings, [home.product]).evaluate_tick(dg.build_sensor_context(instance=instance))
    events = [event for event in data.asset_events if isinstance(event, dg.AssetCheckEvaluation)]
    for event in events:
        instance.report_runless_asset_event(event)
    return [event.passed for event in events]


def apart(work: Callable[[], Result]) -> Result:
    """Do what the platform does in a thread of its own: in this one the browser's event loop is running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def show_incidents(home: WatchedHome, instance: dg.DagsterInstance) -> None:
    shown = dg.Definitions(assets=incident_assets(home.settings, sample_products()), jobs=[incident_job()])
    run_job(shown, instance, INCIDENT_JOB)


def picture(page: Page, name: str, clip: FloatRect | None = None) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", clip=clip)


def open_graph(page: Page) -> None:
    """Open the graph of the product at the node of what consumers read."""
    page.goto("/asset-groups~group%3A%22churn%22/churn%2Fpublished_predictions")
    expect(page.locator("foreignObject", has_text="Asset checks").first).to_be_visible()


def wait_for_node(page: Page, *, is_red: bool) -> None:
    """Return when something in the node is painted red, or nothing is any more."""
    page.wait_for_function(_PAINTED, arg=is_red)


_PAINTED = """(isRed) => {
  const nodes = [...document.querySelectorAll('foreignObject')]
    .filter((one) => one.textContent.startsWith('published_predictions') && one.textContent.includes('Passed'));
  const reds = nodes.flatMap((one) => [...one.querySelectorAll('*')]).filter((part) => {
    const [r, g, b, a = 1] = getComputedStyle(part).backgroundColor.match(/[0-9.]+/g).map(Number);
    return a > 0.5 && r > 170 && g < 110 && b < 110;
  });
  return nodes.length > 0 && (reds.length > 0) === isRed;
}"""


def test_a_stale_product_is_red_in_the_graph_and_green_after_the_next_batch(
    home: WatchedHome, instance: dg.DagsterInstance, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert apart(lambda: tick(home, instance, monkeypatch, LATE_AT)) == [False]
    apart(lambda: show_incidents(home, instance))
    open_graph(page)
    wait_for_node(page, is_red=True)
    picture(page, "red-graph", FloatRect(x=620, y=420, width=660, height=220))
    page.goto("/assets/churn/published_predictions?view=checks&checkDetail=freshness_promise")
    expect(page.get_by_text("data_age broken").first).to_be_visible()
    picture(page, "red-check", FloatRect(x=240, y=0, width=1760, height=780))
    page.goto("/assets/incidents")
    expect(page.get_by_text("data_age is broken").first).to_be_visible()
    picture(page, "incidents", FloatRect(x=240, y=480, width=1240, height=520))

    assert apart(lambda: home.score(NEXT, MADE_UP_AT)).published is not None
    healed_at = MADE_UP_AT + dt.timedelta(minutes=1)
    assert apart(lambda: tick(home, instance, monkeypatch, healed_at)) == [True]
    open_graph(page)
    wait_for_node(page, is_red=False)
