"""The page at /docs in a real browser: it works without any outside host, by keyboard, and sends real requests."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.integration.whole_endpoint import KNOWN, WholeEndpoint, whole_endpoint

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Where a browser is promised (the continuous integration installs one) its absence is a failure, not a skip.
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("PLATFORM_REQUIRE_BROWSER") != "1", reason="no Chromium on this machine"
)


@pytest.fixture(scope="module")
def endpoint(online_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeEndpoint]:
    with whole_endpoint(online_server, tmp_path_factory.mktemp("docs")) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "PLATFORM_REQUIRE_BROWSER=1 but there is no Chromium; install the package chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def requests() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, endpoint: WholeEndpoint, requests: list[str]) -> Iterator[Page]:
    page = browser.new_page(base_url=endpoint.url)
    troubles: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: troubles.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto("/docs#predict")
    yield page
    page.close()
    # A refused script, style or request shows on the console, and so does an error of the page; a 4xx does too.
    assert [trouble for trouble in troubles if "status of 4" not in trouble] == []


def test_the_page_asks_its_own_endpoint_and_nobody_else(
    page: Page, endpoint: WholeEndpoint, requests: list[str]
) -> None:
    expect(page.get_by_role("heading", name="Prediction endpoint")).to_be_visible()
    assert {address.split("#")[0] for address in requests} == {
        f"{endpoint.url}{path}" for path in ("/docs", "/docs/page.css", "/docs/page.js")
    }


def test_the_example_of_a_product_is_sent_and_its_answer_shown(page: Page) -> None:
    page.locator("#predict").get_by_role("button", name="Send").click()
    outcome = page.locator("#outcome-predict")
    expect(outcome.locator("[data-status]")).to_contain_text("200 OK")
    expect(outcome.locator("[data-headers]")).to_contain_text("x-request-id")
    expect(outcome.locator("[data-answer]")).to_contain_text("prediction_id")


def test_another_example_replaces_the_body_and_the_command(page: Page) -> None:
    predict = page.locator("#predict")
    predict.get_by_label("Example").select_option(label="cancellation_risk (rows)")
    expect(predict.get_by_label("Request body")).to_have_value(re.compile("line_count"))
    expect(page.locator("#curl-predict")).to_contain_text("order_gbp")


def test_a_body_that_is_wrong_shows_the_problem_with_its_remedy(page: Page) -> None:
    predict = page.locator("#predict")
    predict.get_by_label("Request body").fill('{"product": "churn", "entities": [1]}')
    predict.get_by_role("button", name="Send").click()
    expect(predict.locator("[data-status]")).to_contain_text("422")
    expect(predict.locator("[data-answer]")).to_contain_text("$.entities[0]")


def test_a_parameter_goes_into_the_path_of_request_and_command(page: Page, endpoint: WholeEndpoint) -> None:
    page.goto("/docs#product")
    product = page.locator("details#product")
    product.get_by_label("name").fill("a/b")
    expect(page.locator("#curl-product")).to_have_text(f"curl '{endpoint.url}/v1/products/a%2Fb'")
    product.get_by_label("name").fill("churn")
    product.get_by_role("button", name="Send").click()
    expect(product.locator("[data-answer]")).to_contain_text('"state": "serving"')


def test_a_query_is_sent_once_per_value(page: Page) -> None:
    page.goto("/docs#last_predictions")
    section = page.locator("#last_predictions")
    section.get_by_label("product").fill("churn")
    section.get_by_label("entity_id").fill(f"{KNOWN}, nobody")
    section.get_by_role("button", name="Send").click()
    expect(section.locator("[data-answer]")).to_contain_text('"score": 0.31')
    expect(section.locator("[data-answer]")).to_contain_text('"customer_id": "nobody"')


def test_an_operation_is_opened_and_sent_by_keyboard_alone(page: Page) -> None:
    page.goto("/docs")
    page.locator("#livez summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome-livez [data-status]")).to_contain_text("200 OK")
    expect(page.locator("#livez").get_by_role("button", name="Send")).to_be_focused()


def test_every_field_of_the_page_has_a_name_for_those_who_do_not_see_it(page: Page) -> None:
    unnamed = page.eval_on_selector_all(
        "input, select, textarea, button",
        "all => all.filter(each => !(each.labels?.length || each.textContent.trim())).map(each => each.outerHTML)",
    )
    assert unnamed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_light_and_in_dark(
    browser: Browser, endpoint: WholeEndpoint, scheme: str
) -> None:
    with browser.new_context(base_url=endpoint.url, color_scheme="dark" if scheme == "dark" else "light") as context:
        page = context.new_page()
        page.goto("/docs#predict")
        weakest = page.evaluate(CONTRAST)
    assert weakest["ratio"] >= 4.5, weakest


# The smallest ratio of luminances (WCAG 2) between a text and the first ground below it that is not transparent.
CONTRAST = """() => {
  const channels = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => {
    const [r, g, b] = channels(color).slice(0, 3).map(value => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = each => {
    const color = getComputedStyle(each).backgroundColor;
    const parts = channels(color);
    return parts.length === 4 && parts[3] === 0 ? ground(each.parentElement) : color;
  };
  let weakest = { ratio: 99 };
  for (const each of document.querySelectorAll("body *")) {
    const hasText = [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!hasText || !each.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(each).color), light(ground(each))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < weakest.ratio) weakest = { ratio, text: each.textContent.slice(0, 60), tag: each.className };
  }
  return weakest;
}"""
