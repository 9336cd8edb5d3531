"""What travels over HTTP about the life of an experiment, as typed structs."""

import datetime as dt
import re
from typing import Annotated

import msgspec

from platform_assets.contract.assignment import Unit
from platform_assets.contract.experiments import Experiment, Metric, Variant
from platform_assets.errors import MalformedRequestError
from platform_assets.rollouts.experiments_course import ExperimentRecord, ExperimentState
from platform_assets.serving.json_body import read_json
from platform_assets.serving.limits import MAX_TEXT_LENGTH

_ID = r"[a-z][a-z0-9_-]{0,62}"
# Without a zero byte: PostgreSQL keeps none, and a move that it cannot record would hold up all that follow.
Told = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT_LENGTH, pattern=r"^[^\x00]*$")]


class ExperimentWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/experiments/{product}: an experiment whose product is in the address, and why it is made.

    The release of a variant is an id, `live`, or `v` with a model version. `min_units` is bounded here, so that every
    count that is taken can also be told.
    """

    id: Annotated[str, msgspec.Meta(pattern=f"^{_ID}$")]
    unit: Unit
    variants: tuple[Variant, ...]
    metrics: tuple[Metric, ...]
    alpha: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.05
    min_units: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] = 500
    reason: Told | None = None

    def of(self, product: str) -> Experiment:
        """Return the experiment between releases of a product."""
        return Experiment(
            id=self.id,
            product=product,
            unit=self.unit,
            variants=self.variants,
            metrics=self.metrics,
            alpha=self.alpha,
            min_units=self.min_units,
        )


class ChangeWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that starts or stops an experiment: why, kept with the change."""

    reason: Told


class ChangeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment came into a state: when (UTC), on whose word and why."""

    state: ExperimentState
    at: dt.datetime
    by: str
    reason: str


class ExperimentSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment as a caller sees it: its variants name release ids, and the newest change comes last.

    `paused` says why a running one assigns nobody at the moment; None where nothing stands in its way.
    """

    product: str
    id: str
    state: ExperimentState
    paused: str | None
    unit: Unit
    variants: tuple[Variant, ...]
    metrics: tuple[Metric, ...]
    alpha: float
    min_units: int
    changes: tuple[ChangeSeen, ...]


_EXPERIMENTS = msgspec.json.Decoder(ExperimentWanted)
_CHANGES = msgspec.json.Decoder(ChangeWanted)


def read_experiment_wanted(body: bytes) -> ExperimentWanted:
    """Return the experiment of a body; raises UnreadableBodyError (400), MalformedRequestError (422) with the path."""
    wanted = read_json(_EXPERIMENTS, body)
    if not re.fullmatch(_ID, wanted.id):  # the end of a pattern also matches before a line feed
        raise MalformedRequestError(where="$.id", problem=f"{wanted.id!r} does not match ^{_ID}$")
    return wanted


def read_change_wanted(body: bytes) -> ChangeWanted:
    """Return the change of a body; raises UnreadableBodyError (400), MalformedRequestError (422) with the path."""
    return read_json(_CHANGES, body)


def seen(record: ExperimentRecord, *, paused: str | None) -> ExperimentSeen:
    """Return an experiment for the wire; the evidence of its changes stays in its file."""
    told = record.experiment
    return ExperimentSeen(
        product=told.product,
        id=told.id,
        state=record.state,
        paused=paused,
        unit=told.unit,
        variants=told.variants,
        metrics=told.metrics,
        alpha=told.alpha,
        min_units=told.min_units,
        changes=tuple(
            ChangeSeen(state=each.state, at=each.at, by=each.by, reason=each.reason) for each in record.changes
        ),
    )
