"""One prediction for auditors: its evidence as a page to read and print, its replay, and why it has its score."""

import re
from functools import partial

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from platform_assets.audit.evidence import gather_evidence
from platform_assets.audit.replay.explain import explain_one
from platform_assets.audit.replay.replay import replay_one
from platform_assets.audit.trace_page import trace_body
from platform_assets.console.gate import CATALOGUE, asker_of, of_product
from platform_assets.console.pages import answer, render, wants_json
from platform_assets.console.parts import console_of
from platform_assets.contract.names import parse_prediction_id
from platform_assets.errors import UnknownPredictionError
from platform_assets.serving.access import plain_product

_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


class ReplayAsked(msgspec.Struct, frozen=True, kw_only=True):
    """How to have a prediction replayed."""

    prediction_id: str
    method: str = "POST"


async def see_prediction(request: Request) -> Response:
    """GET /predictions/{id}: all that is known of it, down to the raw files."""
    prediction_id, console = _admitted(request), console_of(request)
    evidence = await console.looks.do(partial(gather_evidence, console.settings, prediction_id))
    if wants_json(request):
        return answer(request, "", evidence)
    # Escaped where it is made: the same page is written by `platform trace --html`.
    body = Markup(trace_body(evidence))  # noqa: S704
    context = {"prediction_id": prediction_id, "product": evidence.product, "body": body}
    return render(request, "prediction.html", context)


async def ask_replay(request: Request) -> Response:
    """GET /predictions/{id}/replay: offer to compute it again."""
    return answer(request, "replay_ask.html", ReplayAsked(prediction_id=_admitted(request)))


async def see_replay(request: Request) -> Response:
    """POST /predictions/{id}/replay: compute it again from what was recorded, and compare stage by stage."""
    prediction_id, console = _admitted(request), console_of(request)
    replayed = await console.replays.do(partial(replay_one, console.settings, prediction_id))
    return answer(request, "replay.html", replayed)


async def see_explanation(request: Request) -> Response:
    """GET /predictions/{id}/explanation: what each input added to the score, in words."""
    prediction_id, console = _admitted(request), console_of(request)
    explained = await console.replays.do(partial(explain_one, console.settings, prediction_id))
    return answer(request, "explanation.html", explained)


def _admitted(request: Request) -> str:
    """Return the id of a prediction whose evidence the caller may see; decided before anything is looked up."""
    prediction_id = str(request.path_params["prediction_id"])
    parsed = parse_prediction_id(prediction_id) if _ID.fullmatch(prediction_id) else None
    # An id that cannot be one names no product: all that is told is that there is no such prediction.
    asked = of_product(plain_product(parsed[0]), "evidence", "audit") if parsed else CATALOGUE
    asker_of(request).require(asked)
    if parsed is None or all(each.name != parsed[0] for each in console_of(request).products):
        raise UnknownPredictionError(prediction_id=prediction_id[:200])
    return prediction_id
