"""The table of operations and the routes of the app are the same list."""

from dataclasses import replace
from pathlib import Path

from starlette.routing import Route

from platform_assets.serving.asgi import build_app
from platform_assets.serving.jobs.service import Jobs
from platform_assets.serving.openapi.operation import Operation
from platform_assets.serving.openapi.table import all_operations
from platform_assets.serving.parts import Parts
from platform_assets.settings import Settings
from tests.unit.serving.conftest import WALL, Endpoint


def routes_of(parts: Parts) -> set[tuple[str, str]]:
    """Return (method, path) of every route that callers are told about; HEAD and a trailing slash are variants."""
    routes = [each for each in build_app(parts).routes if isinstance(each, Route) and each.include_in_schema]
    paths = {each.path for each in routes}
    shown = [each for each in routes if each.path.rstrip("/") not in paths - {each.path}]
    return {(method, each.path) for each in shown for method in (each.methods or set()) - {"HEAD"}}


def told(operations: tuple[Operation, ...]) -> set[tuple[str, str]]:
    return {(operation.method, operation.path) for operation in operations}


def test_every_route_of_the_app_is_in_the_table_and_the_other_way_round(endpoint: Endpoint, tmp_path: Path) -> None:
    jobs = Jobs(Settings(home=tmp_path), endpoint.parts.releases, lambda: WALL)
    assert told(all_operations()) == routes_of(replace(endpoint.parts, jobs=jobs))


def test_an_endpoint_that_keeps_no_jobs_does_not_tell_of_them(endpoint: Endpoint) -> None:
    assert told(all_operations(has_jobs=False)) == routes_of(replace(endpoint.parts, jobs=None))


def test_every_operation_has_an_id_of_its_own_and_an_answer() -> None:
    operations = all_operations()
    assert len({operation.operation_id for operation in operations}) == len(operations)
    assert all(min(operation.replies) < 300 for operation in operations)


def test_an_operation_documents_refusals_and_a_5xx_only_where_a_repeat_may_help() -> None:
    errors = {error for operation in all_operations() for error in operation.errors}
    assert {error.code for error in errors if error.status >= 500 and not error.retryable} == set()


def test_a_path_names_exactly_its_path_parameters() -> None:
    for operation in all_operations():
        named = {each.name for each in operation.parameters if each.place == "path"}
        assert named == {part[1:-1] for part in operation.path.split("/") if part.startswith("{")}, operation.path
