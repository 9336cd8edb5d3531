"""Experiments: which releases answer whom, what is measured of them, and how sure a verdict has to be."""

from typing import Annotated, Literal

import msgspec

from platform_assets.contract.assignment import Unit, slot, unit_digest

MetricName = Literal["error_rate", "accuracy", "value"]
Chosen = Literal["unit", "request", "override"]

_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_Rate = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
_NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]


class Variant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the compared releases, and its share of the units in [0, 1].

    `release` is a release id. In a declaration it may also be `live` or `v` with a model version, which become ids
    when the experiment is created.
    """

    name: _Name
    release: str
    share: _Share


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is compared. A difference of at most `margin`, in the metric's unit, does not matter.

    `error_rate` is failed answers per answer, `accuracy` right labels per label, `value` what the business gains per
    unit (revenue in the unit it is reported in). With `bounds` no value is outside them and the verdict is exact;
    without, it is asymptotic.
    """

    name: MetricName
    margin: _NotNegative
    bounds: tuple[float, float] | None = None


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A comparison of releases of one product. The first variant is the control, the first metric decides.

    All verdicts on all variants and metrics are right together with a probability of at least 1 - `alpha`, at every
    moment. `min_units` is the smallest count per variant on which anything is said. The id is the salt of the
    assignment: the same units meet in another mix in every other experiment.
    """

    id: _Name
    product: str
    unit: Unit
    variants: tuple[Variant, ...]
    metrics: tuple[Metric, ...]
    alpha: _Rate = 0.05
    min_units: Annotated[int, msgspec.Meta(ge=1)] = 500

    @property
    def control(self) -> Variant:
        """What the others are compared with."""
        return self.variants[0]

    @property
    def treatments(self) -> tuple[Variant, ...]:
        """All variants but the control."""
        return self.variants[1:]

    @property
    def alpha_each(self) -> float:
        """The error allowed to one verdict: alpha over all treatments and metrics."""
        return self.alpha / (len(self.treatments) * len(self.metrics))


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """Which variant answers, and why: what the prediction log keeps of an experiment.

    `unit` is a digest of the user, the same for the same user of one experiment; None where the unit is the entity or
    the request, whose ids the log has in any case.
    """

    experiment: str
    variant: str
    chosen: Chosen
    unit: str | None = None


def assign(experiment: Experiment, *, unit: str | None, request_id: str, override: str | None = None) -> Assigned:
    """Return the variant of one call; the same unit gets the same one in every process and after every ramp it joined.

    Without a unit, or where the experiment says so, the request's id takes its place. Whether a caller may override is
    for the caller of this function to decide; an override that names no variant of the experiment has no effect.
    """
    if override in {variant.name for variant in experiment.variants}:
        return Assigned(experiment=experiment.id, variant=str(override), chosen="override")
    by_request = experiment.unit == "request" or not unit
    # The kind is part of what is hashed: a request whose id equals a user's is still another unit.
    text = f"request:{request_id}" if by_request else f"{experiment.unit}:{unit}"
    return assign_text(experiment, text, chosen="request" if by_request else "unit")


def assign_text(experiment: Experiment, text: str, *, chosen: Chosen) -> Assigned:
    """Return the variant of a unit by its text, which begins with its kind: `user:`, `entity:` or `request:`."""
    place = slot(experiment.id, text, [variant.share for variant in experiment.treatments])
    return Assigned(
        experiment=experiment.id,
        variant=experiment.variants[place].name,
        chosen=chosen,
        unit=unit_digest(experiment.id, text) if text.startswith("user:") else None,
    )
