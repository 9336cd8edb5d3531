"""The page at /docs as text: nothing from outside, a strict policy, and no text of a declaration that becomes code."""

import re

import pytest

from platform_assets.serving.docs_page.markup import element, join
from platform_assets.serving.docs_page.page import render_page
from platform_assets.serving.openapi.document import build_document
from platform_assets.serving.openapi.operation import Operation, Reply
from platform_assets.serving.openapi.table import all_operations
from tests.unit.serving.conftest import Endpoint

pytestmark = pytest.mark.anyio


async def test_the_page_shows_every_operation_and_refers_to_its_own_files_alone(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    async with endpoint.client() as client:
        page = (await client.get("/docs")).text
    for operation in all_operations(has_jobs=endpoint.parts.jobs is not None):
        assert f'id="{operation.operation_id}"' in page
    addresses = set(re.findall(r'(?:src|href)="([^"#]*)"', page)) - {""}
    assert addresses == {"/docs/page.css", "/docs/page.js", "/openapi.json", "data:,"}
    assert not re.search(r"<script>|<style>|\son\w+=|\sstyle=", page)


@pytest.mark.parametrize("path", ["/docs", "/docs/page.css", "/docs/page.js"])
async def test_the_page_and_its_files_come_with_a_strict_policy(endpoint: Endpoint, path: str) -> None:
    async with endpoint.client() as client:
        response = await client.get(path)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"


def test_text_of_a_declaration_is_escaped_wherever_it_is_shown() -> None:
    attack = '"><script>alert(1)</script>'
    operation = Operation(
        method="GET",
        path="/x",
        operation_id="x",
        group="G",
        summary=attack,
        description=attack,
        replies={200: Reply(description=attack)},
    )
    assert "<script>alert" not in render_page(build_document((operation,), ()))


def test_an_element_keeps_markup_and_escapes_text_and_attributes() -> None:
    shown = element("p", element("b", "a"), "<i>", title='"', hidden=True, lang=None, for_="x")
    assert shown == '<p title="&quot;" hidden for="x"><b>a</b>&lt;i&gt;</p>'
    assert join("&", element("br")) == "&amp;<br>"
