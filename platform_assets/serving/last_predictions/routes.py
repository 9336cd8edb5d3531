"""GET /v1/predictions/{product}: the last published batch prediction of each entity, without scoring anything."""

import datetime as dt
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.contract.datasets import DATASETS
from platform_assets.errors import BatchOnlyError
from platform_assets.inference.frame import to_column
from platform_assets.inference.scoring import label_of
from platform_assets.serving.last_predictions.row_keys import RowKeys, read_row_keys
from platform_assets.serving.last_predictions.wire import LastPrediction, LastPredictions
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.parts import Parts
from platform_assets.serving.request_ids import request_id_of
from platform_assets.serving.rows import key_text
from platform_assets.serving.sources import BatchPrediction
from platform_assets.serving.traffic.output_versions import named_version, output_version, require_in_force
from platform_assets.serving.verdict import known

_SECONDS_PER_HOUR = 3600.0


def last_prediction_routes(parts: Parts) -> list[Route]:
    """Return the route over the parts of one app."""

    async def answer(request: Request) -> Response:
        live = _live(parts, request.path_params["product"])
        version = named_version(request.scope["headers"])
        if version is not None:
            require_in_force(live, version, parts.heart.wall())
        keys = read_row_keys(live.schema, request.query_params.multi_items())
        found = await last_predictions(parts, live, keys, request_id=request_id_of(request.scope))
        return Response(msgspec.json.encode(found), media_type="application/json")

    return [Route("/v1/predictions/{product}", answer, methods=["GET"])]


async def last_predictions(parts: Parts, live: LiveRelease, keys: RowKeys, *, request_id: str) -> LastPredictions:
    """Return what was published last for these row keys.

    Raises LastBatchUnavailableError where neither the online store nor the endpoint's own copies have the batch.
    """
    columns = {name: to_column(values, live.schema.fields[name].type) for name, values in keys.items()}
    batch = await parts.heart.batches.find(live, columns)
    event_at = _event_at(parts, live)
    told = [_told(keys, position) for position in range(len(batch.predictions))]
    pairs = list(zip(told, batch.predictions, strict=True))
    return LastPredictions(
        request_id=request_id,
        product=live.product.name,
        source=batch.place,
        event_at=event_at,
        predictions=[_prediction(live, row, found, event_at) for row, found in pairs if found is not None],
        missing=[row for row, found in pairs if found is None],
    )


def _live(parts: Parts, product: str) -> LiveRelease:
    state = parts.releases.states.get(product)
    if state is not None and state.state == "batch_only":
        raise BatchOnlyError(product=product)
    return parts.releases.current(product)


def _event_at(parts: Parts, live: LiveRelease) -> dt.datetime:
    """Return the business instant at which ages are measured."""
    heart = parts.heart
    return heart.clock.now(pinned=DATASETS[live.product.dataset].replay_now, wall=heart.wall())


def _told(keys: RowKeys, position: int) -> dict[str, str]:
    return {name: key_text(values[position]) for name, values in keys.items()}


def _prediction(
    live: LiveRelease, row_keys: Mapping[str, str], found: BatchPrediction, event_at: dt.datetime
) -> LastPrediction:
    age_s = (event_at - found.as_of).total_seconds()
    limit_s = live.product.batch.freshness.max_age_hours * _SECONDS_PER_HOUR
    fresh = found.is_fresh(event_at, limit_s)
    return LastPrediction(
        entity_id=row_keys[live.schema.row_keys[0]],
        row_keys=dict(row_keys),
        score=found.score,
        label=label_of(live.product, found.score),
        uncertainty=known(found.uncertainty),
        model_version=found.model_version,
        output_schema_version=output_version(live),
        as_of=found.as_of,
        age_seconds=age_s,
        max_age_seconds=limit_s,
        is_stale=not fresh,
        action_allowed=fresh,
    )
