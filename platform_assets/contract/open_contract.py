"""What consumers are promised, as a document of the Open Data Contract Standard, version 3.1.0."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from platform_assets.contract import names
from platform_assets.contract.consumers import Consumer, Reading
from platform_assets.contract.guardrails import Guardrails
from platform_assets.contract.product import Product
from platform_assets.contract.published_columns import ColumnType, PublishedColumn, published_columns

API_VERSION = "v3.1.0"
_LOGICAL: Mapping[ColumnType, str] = {
    "string": "string",
    "double": "number",
    "int64": "integer",
    "bool": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}

Document = dict[str, Any]


def open_contract(
    product: Product, readers: Sequence[tuple[Consumer, Reading]], key_types: Mapping[str, ColumnType]
) -> Document:
    """Return the contract of a product's published predictions, ready to be written as YAML or JSON.

    `key_types` are the types of the row keys in the data; one that is missing is text.
    """
    score = product.score
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": f"{product.name}-published-predictions",
        "name": f"{product.title}: published predictions",
        "version": f"{score.schema_version}.0.0",
        "status": "active",
        "domain": product.dataset,
        "dataProduct": product.name,
        "description": {
            "purpose": f"{product.description} {score.meaning}",
            "usage": score.intended_use,
            "limitations": " ".join(score.known_limitations),
        },
        "servers": [_server(product)],
        "schema": [_schema(product, key_types)],
        "support": [{"channel": product.owner.team, "url": f"mailto:{product.owner.email}", "tool": "email"}],
        "team": {"name": product.owner.team, "members": [{"username": product.owner.email, "role": "owner"}]},
        "roles": [_role(consumer, reading) for consumer, reading in readers],
        "slaProperties": _sla(product),
        "customProperties": _semantics(product),
    }


def _server(product: Product) -> Document:
    return {
        "server": "published",
        "type": "local",
        "path": f"lake/published/{product.name}.parquet",
        "format": "parquet",
        "description": "One file below the platform's home, replaced as a whole: the last good batch.",
    }


def _schema(product: Product, key_types: Mapping[str, ColumnType]) -> Document:
    table = f"{product.name}_published_predictions"
    return {
        "name": table,
        "physicalName": f"{product.name}.parquet",
        "logicalType": "object",
        "physicalType": "table",
        "description": product.description,
        "dataGranularityDescription": f"One row is one prediction: {product.entity.description}",
        "properties": [_property(product, column, key_types) for column in published_columns(product)],
        "quality": _quality(product.guardrails),
    }


def _property(product: Product, column: PublishedColumn, key_types: Mapping[str, ColumnType]) -> Document:
    kind = column.type or key_types.get(column.name, "string")
    told: Document = {
        "name": column.name,
        "logicalType": _LOGICAL[kind],
        "physicalType": kind,
        "description": column.description,
        "required": column.is_required,
        "unique": column.is_unique,
    }
    if column.name in product.entity.row_keys:
        told |= {"primaryKey": True, "primaryKeyPosition": product.entity.row_keys.index(column.name) + 1}
    if column.name == "score":
        told["logicalTypeOptions"] = {"minimum": product.score.low, "maximum": product.score.high}
    return told


def _quality(guardrails: Guardrails) -> list[Document]:
    """Return what every batch satisfied before it was published; the numbers of each are in Dagster's checks."""
    return [
        {
            "name": "row_count",
            "type": "library",
            "metric": "rowCount",
            "mustBeGreaterOrEqualTo": guardrails.min_rows,
            "dimension": "completeness",
            "severity": "error",
        },
        {
            "name": "guardrails",
            "type": "text",
            "description": "Every batch passes the guardrails of the product, or is not published.",
            "dimension": "conformity",
        },
    ]


def _role(consumer: Consumer, reading: Reading) -> Document:
    versions = ", ".join(map(str, reading.versions))
    return {
        "role": f"{consumer.name}:{reading.output}",
        "description": f"{consumer.title} for {', '.join(reading.purposes)}; version {versions}; {reading.importance}",
        "access": "read",
    }


def _sla(product: Product) -> list[Document]:
    fresh, plan = product.batch.freshness, product.batch
    when = {"scheduler": "cron", "schedule": plan.cron}
    promised = [
        _promise("latency", fresh.max_age_hours, "h", "Largest age of the data, from the as-of.") | when,
        _promise("frequency", plan.cadence, None, "How often a batch is published.") | when,
    ]
    if fresh.max_publication_age_hours is not None:
        promised.append(_promise("publicationAge", fresh.max_publication_age_hours, "h", "Largest age of the run."))
    if fresh.max_source_age_hours is not None:
        text = "Largest age of the newest raw event at the as-of."
        promised.append(_promise("sourceAge", fresh.max_source_age_hours, "h", text))
    days = plan.sla.window_days
    for objective in plan.sla.objectives:
        text = f"Share of good units over {days} days."
        promised.append(_promise(objective.measure, objective.target_ratio, None, text))
    return promised


def _promise(name: str, value: object, unit: str | None, text: str) -> Document:
    told: Document = {"property": name, "value": value, "description": text, "driver": "operational"}
    return told if unit is None else told | {"unit": unit}


def _semantics(product: Product) -> list[Document]:
    """Return what the standard has no word for: kind and range of the score, its words, and where it comes from."""
    score = product.score
    told: dict[str, Any] = {
        "scoreKind": score.kind,
        "scoreUnit": score.unit,
        "outputSchemaVersion": score.schema_version,
        "earlierVersions": [msgspec.to_builtins(earlier) for earlier in product.earlier_versions],
        "classes": list(score.classes),
        "automatedActions": [f"{action.name}: {action.description}" for action in product.actions],
        "dagsterAsset": "/".join(names.asset_key(product.name, "published_predictions")),
    }
    if score.threshold is not None:
        told["threshold"] = score.threshold.value
        told["labels"] = [score.threshold.below, score.threshold.at_or_above]
    return [{"property": name, "value": value} for name, value in told.items()]
