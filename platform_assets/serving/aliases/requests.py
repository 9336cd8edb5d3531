"""The bodies that the aliases take, each turned into the request of POST /v1/predict."""

from collections.abc import Callable, Sequence

import msgspec

from platform_assets.errors import MalformedRequestError
from platform_assets.serving.aliases.feature_lists import name_features
from platform_assets.serving.json_body import read_json
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.wire import Name, PredictRequest, Row, Text, Value


class PayloadRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /predict: what POST /v1/predict takes, or `features` as a list with its `schema_id`."""

    product: Name | None = None
    entities: list[Text] | None = None
    rows: list[Row] | None = None
    model: Name | None = None
    features: Row | list[Value] | None = None
    schema_id: Name | None = None
    event_at: Name | None = None


class EntitiesRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /predict/feast/batch: `entities` as ids, as rows, or as columns by name as Feast's server takes them."""

    product: Name | None = None
    model: Name | None = None
    entities: list[Text | Row] | dict[Name, list[Value]] | None = None
    event_at: Name | None = None


class EntityRequest(EntitiesRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /predict/feast: one `entity_id`, or several `entities`."""

    entity_id: Text | None = None


SchemaOf = Callable[[str], RowSchema]

_PAYLOADS = msgspec.json.Decoder(PayloadRequest)
_ENTITY = msgspec.json.Decoder(EntityRequest)
_ENTITIES = msgspec.json.Decoder(EntitiesRequest)


def read_payload(body: bytes, schema_of: SchemaOf) -> PredictRequest:
    """Return the request of POST /predict; a list of features gets the names of the product's live schema."""
    asked = read_json(_PAYLOADS, body)
    features = asked.features
    if isinstance(features, list):
        schema = schema_of(_product(asked.product, asked.model))
        features = name_features(schema, features, asked.schema_id)
    return PredictRequest(
        product=asked.product,
        entities=asked.entities,
        rows=asked.rows,
        model=asked.model,
        features=features,
        event_at=asked.event_at,
    )


def read_entity(body: bytes, _: SchemaOf) -> PredictRequest:
    """Return the request of POST /predict/feast."""
    asked = read_json(_ENTITY, body)
    if (asked.entity_id is None) == (asked.entities is None):
        raise MalformedRequestError(where="$", problem="give exactly one of entity_id and entities")
    return _by_entity(asked, [asked.entity_id] if asked.entity_id is not None else asked.entities)


def read_entities(body: bytes, _: SchemaOf) -> PredictRequest:
    """Return the request of POST /predict/feast/batch."""
    asked = read_json(_ENTITIES, body)
    return _by_entity(asked, asked.entities)


def _by_entity(
    asked: EntitiesRequest, entities: Sequence[Text | Row] | dict[Name, list[Value]] | None
) -> PredictRequest:
    product = _product(asked.product, asked.model)
    if isinstance(entities, dict):
        return PredictRequest(product=product, rows=_rows(entities), event_at=asked.event_at)
    rows = [entity for entity in entities or () if isinstance(entity, dict)]
    ids = [entity for entity in entities or () if isinstance(entity, str)]
    if rows and ids:
        raise MalformedRequestError(where="$.entities", problem="give all entities as ids or all as rows")
    if rows:
        return PredictRequest(product=product, rows=rows, event_at=asked.event_at)
    return PredictRequest(product=product, entities=ids, event_at=asked.event_at)


def _rows(columns: dict[Name, list[Value]]) -> list[Row]:
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise MalformedRequestError(where="$.entities", problem=f"columns of {min(lengths)} to {max(lengths)} values")
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _product(product: Name | None, model: Name | None) -> Name:
    if (product is None) == (model is None):
        raise MalformedRequestError(where="$", problem="name the product once, as product or as model")
    return product or model or ""
