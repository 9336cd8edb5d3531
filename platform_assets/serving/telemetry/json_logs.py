"""Log lines of the endpoint as JSON, one object a line, with the ids of the request that was in hand."""

import logging
from typing import Any

import msgspec

from platform_assets.clock import from_epoch
from platform_assets.serving.telemetry.tracing import current_trace


class JsonFormatter(logging.Formatter):
    """Writes `at`, `level`, `logger`, `message`; `trace_id` and `span_id` within a request, `exception` of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; what is no JSON is told as text."""
        told: dict[str, Any] = {
            "at": from_epoch(record.created).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        trace = current_trace()
        if trace is not None:
            told |= {"trace_id": trace.trace_id, "span_id": trace.span_id}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(told, enc_hook=str).decode()


def json_log_config() -> dict[str, Any]:
    """Return the configuration of all loggers of the process, uvicorn's included, for `logging.config`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            name: {"handlers": [], "propagate": True, "level": "INFO"} for name in ("uvicorn", "uvicorn.error")
        },
    }
