"""What is seen of data: a page for people, the same data as JSON for programs."""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from platform_assets.audit.trace_page_style import STYLE
from platform_assets.console.sessions import COOKIE
from platform_assets.serving.access import caller_of

_HERE = Path(__file__).parent
_HTML, _JSON = "text/html", "application/json"


def wants_json(request: Request) -> bool:
    """Tell whether a caller wants data: by `?format=json`, else by accepting JSON and no page."""
    named = request.query_params.get("format")
    if named in {"json", "html"}:
        return named == "json"
    accepted = request.headers.get("accept", "")
    return "json" in accepted and _HTML not in accepted


def answer(request: Request, template: str, shown: object, **also: object) -> Response:
    """Return data as JSON, or as the page of a template, which gets it as `shown` and may be told more."""
    if wants_json(request):
        return Response(msgspec.json.format(msgspec.json.encode(shown), indent=2), media_type=_JSON)
    return render(request, template, {"shown": shown, **also})


def render(request: Request, template: str, context: Mapping[str, object], *, status: int = 200) -> Response:
    """Return a page; every text in it is escaped."""
    caller = caller_of(request.scope)
    page = _environment().get_template(template)
    viewer = caller.subject if caller.is_proven else None
    about = {"viewer": viewer, "is_signed_in": viewer is not None and COOKIE in request.cookies}
    return Response(page.render(path=request.url.path, **about, **context), status, media_type=_HTML)


@cache
def style() -> str:
    """Return the one style sheet: that of printed evidence, and what the console has besides."""
    return STYLE + (_HERE / "console.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(instant=_instant, number=_number, words=_words)
    return environment


def _instant(at: dt.datetime | None) -> str:
    return "-" if at is None else f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "-" if value is None else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
