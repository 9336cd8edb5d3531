"""The page of the HTTP routes names every route, and each of its examples is answered."""

import re
import shlex

import pytest

from platform_assets.serving.aliases.dates import SUNSET_AT
from platform_assets.serving.open_inference.outputs import OUTPUTS
from platform_assets.serving.openapi.table import all_operations
from platform_assets.settings import PROJECT_ROOT
from tests.unit.serving.conftest import make_endpoint
from tests.unit.serving.test_heart import BATCH

pytestmark = pytest.mark.anyio

PAGE = (PROJECT_ROOT / "docs" / "http.md").read_text()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def examples() -> list[list[str]]:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    commands = [command for language, block in blocks if not language for command in block.split("curl ")]
    return [shlex.split(command.replace("\\\n", " ")) for command in commands if command.strip()]


def test_every_operation_of_the_endpoint_is_in_the_table_of_routes() -> None:
    told = set(re.findall(r"`((?:GET|POST|DELETE) /[^`]*)`", PAGE.partition("## POST")[0]))
    assert told == {f"{operation.method} {operation.path}" for operation in all_operations()}


def test_every_output_tensor_and_the_sunset_are_named_on_the_page() -> None:
    assert [name for name in OUTPUTS if f"`{name}`" not in PAGE] == []
    assert f"{SUNSET_AT:%-d %B %Y}" in PAGE


@pytest.mark.parametrize("example", examples(), ids=lambda example: example[1])
async def test_every_example_of_the_page_is_answered(
    example: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    endpoint = make_endpoint(tmp_path_factory.mktemp("home"))
    for product in ("churn", "parking_demand"):
        endpoint.publisher.publish(product)
    await endpoint.parts.refresh()
    endpoint.batches.rows = {"13085": BATCH}
    url = next(word for word in example if word.startswith("localhost"))
    body = example[example.index("-d") + 1] if "-d" in example else None
    async with endpoint.client() as client:
        path = url.removeprefix("localhost:8000")
        response = await (client.get(path) if body is None else client.post(path, content=body.encode()))
    assert response.status_code == 200, response.text
