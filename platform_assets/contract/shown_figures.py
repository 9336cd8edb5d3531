"""What is worked out or observed elsewhere and shown by the endpoint all the same: one place tells everything."""

from typing import NamedTuple

import msgspec


class ShownFamily(NamedTuple):
    """One such metric; a gauge whose labels are closed sets."""

    name: str
    help: str
    labels: tuple[str, ...]


class ShownValue(msgspec.Struct, frozen=True):
    """One value of a metric with the values of its labels, in the order of its family."""

    name: str
    labels: tuple[str, ...]
    value: float


class ShownFile(msgspec.Struct, frozen=True):
    """The file of one writer, replaced as a whole; `written_at` is in seconds since 1970."""

    written_at: float
    values: list[ShownValue]


PROMISES = ShownFamily(
    "platform_promises",
    "Subjects of a promise by the state that the watch found them in.",
    ("product", "promise", "state"),
)
OPEN_INCIDENTS = ShownFamily(
    "platform_open_incidents", "Incidents that nobody has resolved yet.", ("product", "severity")
)
BATCH_ROWS = ShownFamily("platform_batch_rows", "Rows of the newest published batch.", ("product",))
BATCH_PUBLISHED = ShownFamily(
    "platform_batch_published_timestamp_seconds", "When the newest batch was published, since 1970.", ("product",)
)
BATCH_AS_OF = ShownFamily(
    "platform_batch_as_of_timestamp_seconds", "The business instant of the newest batch, since 1970.", ("product",)
)
BATCH_SECONDS = ShownFamily("platform_batch_duration_seconds", "Duration of the newest batch run.", ("product",))
BATCH_CPU = ShownFamily("platform_batch_cpu_seconds", "Processor time of the newest batch run.", ("product",))
TRAINING_SECONDS = ShownFamily("platform_training_duration_seconds", "Duration of the newest training.", ("product",))
TRAINING_CPU = ShownFamily("platform_training_cpu_seconds", "Processor time of the newest training.", ("product",))
TRAINING_COST = ShownFamily("platform_training_cost", "Cost of the newest training.", ("product", "currency"))
COST_PER_THOUSAND = ShownFamily(
    "platform_cost_per_thousand_predictions",
    "Cost of 1,000 predictions on the newest day with any, net of the cache.",
    ("product", "mode", "currency"),
)
CACHE_SAVED = ShownFamily(
    "platform_cache_saved_cost", "What the cache saved on the newest day with predictions.", ("product", "currency")
)
PARITY = ShownFamily(
    "platform_parity_ratio", "Share of the values of the newest proof that are those of the batch path.", ("product",)
)
DRIFT = ShownFamily(
    "platform_drifting_features_ratio", "Share of the features that drift between batch and live inputs.", ("product",)
)

# By the file in the directory of figures that holds them.
PROMISES_FILE, FIGURES_FILE = "promises.json", "figures.json"
SHOWN_FAMILIES: dict[str, tuple[ShownFamily, ...]] = {
    PROMISES_FILE: (PROMISES, OPEN_INCIDENTS),
    FIGURES_FILE: (
        *(BATCH_ROWS, BATCH_PUBLISHED, BATCH_AS_OF, BATCH_SECONDS, BATCH_CPU),
        *(TRAINING_SECONDS, TRAINING_CPU, TRAINING_COST, COST_PER_THOUSAND, CACHE_SAVED, PARITY, DRIFT),
    ),
}
