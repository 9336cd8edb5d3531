"""How the split in time moves forward with business time, without an edit of the product file.

A request for a new model carries the cut-off that it moves to. The training set records it, and all that is made from
that set follows: the declaration in the bundle has the split that the pair was really trained on. So training again
from the bundle gives the same files, and a trace shows the cut-off that counted.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from platform_assets.clock import midnight
from platform_assets.contract.compile import read_product
from platform_assets.contract.evaluation import TimeSplit
from platform_assets.contract.product import Product
from platform_assets.features.population import label_examples, run_population
from platform_assets.inference.bundle import read_manifest
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.pair import PRODUCT_FILE
from platform_assets.inference.release import read_release
from platform_assets.ledger.artifacts import Artifact, artifact_id, find_artifacts, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.retraining import get_request
from platform_assets.settings import Settings
from platform_assets.training.splits import as_of_grid, step_day

REQUEST = "retraining_request"


@dataclass(frozen=True, slots=True)
class MovedSplit:
    """A split that a request moved forward; `request` is None for the declared one."""

    split: TimeSplit
    request: int | None

    def facts(self) -> dict[str, Any]:
        """Return what the training set records of it."""
        told: dict[str, Any] = {"cutoff": self.split.cutoff.isoformat()}
        if self.request is not None:
            told |= {"train_from": self.split.train_from.isoformat(), REQUEST: self.request}
        return told


def newest_split(product: Product, now: dt.datetime) -> TimeSplit:
    """Return the declared split, moved in its own steps to the newest cut-off whose test is known at `now`.

    Known: the label window of the last test day has ended. In business time; never before the declared cut-off.
    """
    split, steps = product.split, 0
    tested = dt.timedelta(days=split.test_days, hours=product.label.horizon_hours)
    while midnight(step_day(split, steps + 1)) + tested <= now:
        steps += 1
    cutoff = step_day(split, steps)
    slides = cutoff - split.cutoff if product.retraining.window == "sliding" else dt.timedelta(0)
    return msgspec.structs.replace(split, cutoff=cutoff, train_from=split.train_from + slides)


def split_to_use(settings: Settings, ledger: Ledger, product: Product, request: int | None) -> MovedSplit:
    """Return the split of a request; without one that of the release in force if a request moved it, else as declared.

    So an ordinary training run does not fall back behind what is in force. Raises UnknownRecordError for a request.
    """
    if request is not None:
        asked = get_request(ledger, request)
        return MovedSplit(_at(product.split, asked.cutoff, asked.train_from), request)
    in_force = _training_set_in_force(settings, ledger, product.name)
    moved = product if in_force is None else as_made(product, in_force)
    if in_force is None or moved.split.cutoff <= product.split.cutoff:
        return MovedSplit(product.split, None)
    return MovedSplit(moved.split, int(in_force.details[REQUEST]))


def as_made(product: Product, training_set: Artifact) -> Product:
    """Return the declaration with the split that a training set was made for."""
    told = training_set.details
    if REQUEST not in told:
        return product
    cutoff, train_from = dt.date.fromisoformat(told["cutoff"]), dt.date.fromisoformat(told["train_from"])
    return msgspec.structs.replace(product, split=_at(product.split, cutoff, train_from))


def count_new_labels(settings: Settings, product: Product, split: TimeSplit) -> int:
    """Return how many examples of known label a candidate would learn from at a split that the one in force did not.

    An example is new when its as-of is none that the release in force learned from. Raises what `run_population` and
    `label_examples` raise.
    """
    known = set(_training_days(product, _split_in_force(settings, product.name)))
    new = [day for day in _training_days(product, split) if day not in known]
    if not new:
        return 0
    examples = run_population(settings, product, product.examples_sql, new)
    labels = label_examples(settings, product, examples).column("label").to_numpy().astype(np.float64)
    ends = examples.column("event_at").to_numpy().astype("datetime64[us]")
    ends = ends + np.timedelta64(dt.timedelta(hours=product.label.horizon_hours))
    return int((np.isfinite(labels) & (ends <= np.datetime64(split.cutoff, "us"))).sum())


def _training_days(product: Product, split: TimeSplit | None) -> list[dt.datetime]:
    if split is None:
        return []
    grid = as_of_grid(split, horizon_hours=product.label.horizon_hours)
    return [day for day in grid if day < midnight(split.cutoff)]


def _split_in_force(settings: Settings, product: str) -> TimeSplit | None:
    bundle = _bundle_in_force(settings, product)
    return read_product((bundle / PRODUCT_FILE).read_bytes()).split if bundle else None


def _training_set_in_force(settings: Settings, ledger: Ledger, product: str) -> Artifact | None:
    bundle = _bundle_in_force(settings, product)
    if bundle is None:
        return None
    told = artifact_id("training_set", product, read_manifest(bundle).training_set_digest)
    # A release that came from elsewhere may have been trained on what this ledger does not know.
    return get_artifact(ledger, told) if told in find_artifacts(ledger, kind="training_set", name=product) else None


def _bundle_in_force(settings: Settings, product: str) -> Path | None:
    live = read_live(settings.releases_dir, product)
    if live is None:
        return None
    return settings.home / read_release(settings.releases_dir, product, live.release_id).bundle_path


def _at(split: TimeSplit, cutoff: dt.date, train_from: dt.date) -> TimeSplit:
    return msgspec.structs.replace(split, cutoff=cutoff, train_from=train_from)
