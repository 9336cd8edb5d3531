"""A log line tells which request it belongs to, as the caller and OpenTelemetry know it."""

import asyncio
import json
import logging
import sys

from starlette.types import Scope

from platform_assets.serving.telemetry.json_logs import JsonFormatter
from platform_assets.serving.telemetry.tracing import RequestTrace, keep_trace

CALLER = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def line(message: str, *arguments: object, is_error: bool = False) -> dict[str, str]:
    failure = sys.exc_info() if is_error else None
    record = logging.LogRecord("platform.test", logging.WARNING, __file__, 1, message, arguments, failure)
    found: dict[str, str] = json.loads(JsonFormatter().format(record))
    return found


async def logged_within(traceparent: bytes | None) -> dict[str, str]:
    scope: Scope = {"type": "http"}
    keep_trace(scope, RequestTrace(traceparent))
    return await asyncio.create_task(_later())


async def _later() -> dict[str, str]:
    await asyncio.sleep(0)
    return line("what a task of the request says")


def test_a_line_within_a_request_has_the_trace_of_its_caller() -> None:
    assert asyncio.run(logged_within(CALLER))["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_two_requests_at_once_keep_their_lines_apart() -> None:
    async def both() -> tuple[dict[str, str], dict[str, str]]:
        first, second = asyncio.create_task(logged_within(None)), asyncio.create_task(logged_within(CALLER))
        return await first, await second

    first, second = asyncio.run(both())
    assert first["trace_id"] != second["trace_id"]
    assert len(first["trace_id"]) == 32
    assert len(first["span_id"]) == 16


def test_a_line_outside_of_any_request_has_no_trace_and_is_one_line() -> None:
    told = line("two\nlines of %s", "text")
    assert (told["message"], told["level"], told["logger"]) == ("two\nlines of text", "warning", "platform.test")
    assert "trace_id" not in told


def test_an_error_is_told_with_its_traceback_in_the_same_line() -> None:
    try:
        int("nothing")
    except ValueError:
        told = line("it failed", is_error=True)
    assert "ValueError: invalid literal" in told["exception"]
