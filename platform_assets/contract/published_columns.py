"""The columns of published predictions: what consumers read, by name, type and meaning."""

from typing import Literal, NamedTuple

from platform_assets.contract.product import Product

ColumnType = Literal["string", "double", "int64", "bool", "timestamp", "date"]


class PublishedColumn(NamedTuple):
    """One column; a required one is never null, `None` as type stands for that of a row key in the data."""

    name: str
    type: ColumnType | None
    description: str
    is_required: bool = True
    is_unique: bool = False


# Empty in a batch that an earlier platform computed, and where nothing is declared or known.
_OF_AUDITS = (
    PublishedColumn("engine", "string", "What computed the score.", is_required=False),
    PublishedColumn("device", "string", "On which kind of device.", is_required=False),
    PublishedColumn("matrix_digest", "string", "Identifies the numbers that the model saw.", is_required=False),
    PublishedColumn("model_output", "double", "What the model said before the calibration.", is_required=False),
    PublishedColumn("explanation", "string", "Why, as JSON, where the product declares it.", is_required=False),
)


def published_columns(product: Product) -> tuple[PublishedColumn, ...]:
    """Return the columns of a product's published predictions, in the order of the file."""
    return (
        PublishedColumn("prediction_id", "string", "Names this prediction; an auditor starts from it.", is_unique=True),
        PublishedColumn("product", "string", "Name of the product."),
        PublishedColumn("entity_id", "string", product.entity.description),
        PublishedColumn("row_key", "string", "All row keys in one text; unique within a batch.", is_unique=True),
        *(PublishedColumn(name, None, "Row key: part of what one prediction is about.") for name in _keys(product)),
        PublishedColumn("as_of", "timestamp", "The instant the batch stands for; only data known by then was used."),
        PublishedColumn("event_at", "timestamp", "The instant that the prediction is about."),
        PublishedColumn("prediction_date", "date", "Day of the as-of."),
        PublishedColumn("predicted_at", "timestamp", "When it was computed."),
        PublishedColumn("score", "double", product.score.meaning),
        PublishedColumn("label", "string", "The score in words, where it has such.", is_required=False),
        PublishedColumn("uncertainty", "double", "Standard deviation of the score, where known.", is_required=False),
        PublishedColumn("is_valid", "bool", "Whether the score passed the output guard."),
        PublishedColumn("model_version", "int64", "Version of the model."),
        PublishedColumn("feature_version", "string", "Identifies names and order of the stored features."),
        PublishedColumn("output_schema_version", "int64", "Version of this contract."),
        PublishedColumn("training_run_id", "string", "The run that trained the model."),
        PublishedColumn("release_id", "string", "The release that the prediction was made under."),
        PublishedColumn("bundle_digest", "string", "sha256 of the model with all that belongs to it."),
        PublishedColumn("input_artifact", "string", "What it was computed from."),
        PublishedColumn("run_id", "string", "The run that computed it."),
        *_OF_AUDITS,
        PublishedColumn("batch_digest", "string", "sha256 of what the batch says; the same for all of its rows."),
        PublishedColumn("valid_until", "timestamp", "Business time from which on the row must not be acted on."),
    )


def _keys(product: Product) -> tuple[str, ...]:
    return tuple(name for name in product.entity.row_keys if name not in {"entity_id", "row_key"})
