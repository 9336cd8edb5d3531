"""What `platform experiments` tells: one line per experiment, declared or stored."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from platform_assets.contract.experiments import Experiment
from platform_assets.contract.product import Product
from platform_assets.errors import InvalidExperimentError, UnknownExperimentError
from platform_assets.inference.live_pointer import read_live
from platform_assets.rollouts.experiments import read_experiments
from platform_assets.rollouts.experiments_course import ExperimentRecord, ExperimentState, pause
from platform_assets.settings import Settings


class ExperimentLine(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment in a list; `declared` means that nobody has created it yet. `paused` says why it assigns nobody."""

    product: str
    id: str
    state: ExperimentState | Literal["declared"]
    unit: str
    variants: dict[str, float]
    since: dt.datetime | None = None
    by: str | None = None
    reason: str | None = None
    paused: str | None = None


def experiment_lines(settings: Settings, products: Sequence[Product]) -> list[ExperimentLine]:
    """Return the experiments of each product, stored ones first."""
    return [line for product in products for line in _of_product(settings, product)]


def declared_experiment(product: Product, experiment_id: str) -> Experiment:
    """Return an experiment of the product file; raises UnknownExperimentError."""
    declared = {one.id: one for one in (product.online.experiments if product.online else ())}
    if experiment_id not in declared:
        known = f"{', '.join(declared) or 'none'} (declared)"
        raise UnknownExperimentError(product=product.name, experiment=experiment_id, known=known)
    return declared[experiment_id]


def read_document(content: bytes, *, name: str) -> Experiment:
    """Read an experiment from JSON; raises InvalidExperimentError with the path of what is wrong."""
    try:
        return msgspec.json.decode(content, type=Experiment)
    except msgspec.DecodeError as error:
        remedy = "See docs/experiments.md for a document to start from."
        raise InvalidExperimentError(experiment=name, where="document", problem=str(error), remedy=remedy) from error


def _of_product(settings: Settings, product: Product) -> Iterator[ExperimentLine]:
    live = read_live(settings.releases_dir, product.name)
    stored = read_experiments(settings.releases_dir, product.name)
    for record in stored:
        paused = pause(record.experiment, live) if record.state == "running" else None
        yield _line(record, paused)
    taken = {record.experiment.id for record in stored}
    for declared in product.online.experiments if product.online else ():
        if declared.id not in taken:
            yield ExperimentLine(
                product=product.name,
                id=declared.id,
                state="declared",
                unit=declared.unit,
                variants={variant.name: variant.share for variant in declared.variants},
            )


def _line(record: ExperimentRecord, paused: str | None) -> ExperimentLine:
    told, last = record.experiment, record.changes[-1]
    return ExperimentLine(
        product=told.product,
        id=told.id,
        state=record.state,
        unit=told.unit,
        variants={variant.name: variant.share for variant in told.variants},
        since=last.at,
        by=last.by,
        reason=last.reason,
        paused=paused,
    )
