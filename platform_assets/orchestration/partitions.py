"""Partitions: as-of days per data set, and model versions per product."""

import datetime as dt

import dagster as dg

from platform_assets.clock import ClockMode
from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS, DatasetName
from platform_assets.contract.product import Product

# The first as-of with a full day of data before it.
_FIRST_AS_OF: dict[DatasetName, dt.date] = {
    "online_retail": dt.date(2009, 12, 2),
    "car_parks": dt.date(2016, 10, 4),
}


def first_as_of(dataset: DatasetName) -> dt.date:
    """Return the first as-of day of a data set."""
    return _FIRST_AS_OF[dataset]


def as_of_days(dataset: DatasetName, mode: ClockMode) -> dg.DailyPartitionsDefinition:
    """Return one partition per as-of day; in replay mode the last one is the pinned business day."""
    last = DATASETS[dataset].replay_now.date()
    return dg.DailyPartitionsDefinition(
        start_date=first_as_of(dataset).isoformat(),
        end_date=(last + dt.timedelta(days=1)).isoformat() if mode == "replay" else None,
        # The partition of a day is its as-of: it exists from 00:00 of that day on.
        end_offset=0 if mode == "replay" else 1,
    )


def model_versions(product: Product) -> dg.DynamicPartitionsDefinition:
    """Return the partitions that grow by one with each registered model version."""
    return dg.DynamicPartitionsDefinition(name=names.model_partitions(product.name))


def prediction_partitions(product: Product, mode: ClockMode) -> dg.MultiPartitionsDefinition:
    """Return as-of days by model versions: one batch of predictions each."""
    return dg.MultiPartitionsDefinition(
        {"as_of": as_of_days(product.dataset, mode), "model_version": model_versions(product)}
    )


def prediction_key(as_of: dt.date, model_version: int) -> dg.MultiPartitionKey:
    """Return the partition of one batch."""
    return dg.MultiPartitionKey({"as_of": as_of.isoformat(), "model_version": str(model_version)})


def read_prediction_key(key: str) -> tuple[dt.date, int]:
    """Return (as-of day, model version) of a batch partition."""
    if not isinstance(key, dg.MultiPartitionKey):
        problem = f"{key!r} is no key of as-of and model version"
        raise dg.DagsterInvariantViolationError(problem)
    parts = key.keys_by_dimension
    return dt.date.fromisoformat(parts["as_of"]), int(parts["model_version"])
