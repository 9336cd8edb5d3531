"""The path of an auditor: from a customer's complaint about one HTTP answer to printed evidence and an exact replay."""

import contextlib
import datetime as dt
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from platform_assets.access.issuing import issue_for_role
from platform_assets.access.key_store import KeyStore
from platform_assets.access.log_files import LogFiles
from platform_assets.access.log_read import read_accesses
from platform_assets.access.log_verify import verify_log
from platform_assets.audit.find_prediction import find_prediction
from platform_assets.audit.trace import raw_files, trace
from platform_assets.clock import wall_now
from platform_assets.commands.demo_predictions import predict_sample
from platform_assets.consumers import readers_of
from platform_assets.errors import UnknownPredictionError
from platform_assets.ledger.database import open_ledger
from platform_assets.monitoring.drain import drain_prediction_log
from platform_assets.processes.control import start_all, stop_all
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.conftest import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Where a browser is promised (the continuous integration installs one) its absence is a failure, not a skip.
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("PLATFORM_REQUIRE_BROWSER") != "1", reason="no Chromium on this machine"
)
DAY = dt.timedelta(days=1)
CHURN = next(product for product in discover_products() if product.name == "churn")


@pytest.fixture(scope="module")
def guarded(settings: Settings) -> Iterator[Settings]:
    """Give the platform with its console started, which asks who looks; what it logged is on disk at the end."""
    chosen = replace(settings, access="on", console_port=free_port())
    start_all(chosen, only=("console",))
    yield chosen
    stop_all(chosen, only=("console",))


@pytest.fixture(scope="module")
def browser(guarded: Settings) -> Iterator[Browser]:
    assert CHROMIUM is not None, "PLATFORM_REQUIRE_BROWSER=1 but there is no Chromium; install the package chromium"
    assert guarded.access == "on"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def complained(guarded: Settings) -> str:
    """Return the id in the answer that the customer was given; the log was drained since."""
    prediction_id = str(predict_sample(guarded, CHURN)[0]["prediction_id"])
    while True:  # the endpoint answers first and logs then; the time limit of the tests ends this
        drain_prediction_log(guarded, open_ledger(guarded.ledger_dsn), at=wall_now())
        with contextlib.suppress(UnknownPredictionError):
            return find_prediction(guarded, prediction_id).facts["prediction_id"]
        time.sleep(0.05)


def signed_in(browser: Browser, settings: Settings, role: str, person: str) -> Page:
    """Return the first page of the console for a person, who has typed a key into the form and pressed Enter."""
    made = issue_for_role(KeyStore.of(settings), role, person, by="story", at=wall_now(), lasts=DAY)
    page = browser.new_page(base_url=f"http://127.0.0.1:{settings.console_port}")
    page.set_default_timeout(60_000)
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.wait_for_timeout(1_500)  # a new key is in force within a second
    page.keyboard.type(made.text)  # the field has the focus
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{role}:{person}")).to_be_visible()
    return page


def test_an_auditor_gets_from_a_complaint_to_printed_evidence_and_an_exact_replay(
    browser: Browser, guarded: Settings, complained: str
) -> None:
    page = signed_in(browser, guarded, "auditor", "ann")

    page.get_by_label("Id of a prediction").fill(complained)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name=complained)).to_be_visible()

    told = page.content()
    digests = raw_files(trace(guarded, complained))
    assert digests
    assert all(digest in told for digest in digests.values())
    facts = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))
    assert re.search(r"version \d+, lightgbm", facts["model"])
    assert re.search(r"\bby \S+: ", facts["approved"])
    assert facts["is valid"] == "True"
    for consumer, reading in readers_of("churn", "online_predictions"):
        row = page.get_by_role("row", name=consumer.title)
        expect(row).to_contain_text(", ".join(reading.purposes))

    printed = page.pdf()
    assert printed.startswith(b"%PDF-")
    assert len(printed) > 20_000

    page.get_by_role("button", name="Compute it again").click()
    expect(page.get_by_role("status")).to_contain_text("Exact: the same, bit for bit.")
    assert page.get_by_role("row").count() > 5

    page.get_by_role("link", name="Evidence").click()
    page.get_by_role("link", name="Why this score").click()
    expect(page.get_by_role("status")).to_contain_text("Exact")
    assert page.get_by_role("row").count() > len(CHURN.model_inputs)


def test_a_person_without_the_role_is_refused_and_that_is_in_the_access_log(
    browser: Browser, guarded: Settings, complained: str
) -> None:
    page = signed_in(browser, guarded, "operator", "bob")
    expect(page.get_by_label("Id of a prediction")).to_have_count(0)

    answered = page.goto(f"/predictions/{complained}")

    assert answered is not None
    assert answered.status == 403
    expect(page.get_by_role("alert")).to_contain_text("operator:bob may not have churn/evidence")
    stop_all(guarded, only=("console",))  # what it logged is on disk then
    denied = [
        one for one in read_accesses(LogFiles.of(guarded)) if not one.is_allowed and one.subject == "operator:bob"
    ]
    assert {(one.output, one.action, one.purpose) for one in denied} == {("churn/evidence", "audit", "operations")}
    assert [chain.problems for chain in verify_log(LogFiles.of(guarded))] == [()]
