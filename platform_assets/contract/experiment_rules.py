"""What an experiment must satisfy beyond its types: as triples of place, problem and remedy, like a `BrokenRule`."""

import math
from collections.abc import Iterator

from platform_assets.contract.experiments import Experiment
from platform_assets.contract.rollout_rules import Broken

_TWO = 2


def broken_experiment_rules(experiment: Experiment) -> Iterator[Broken]:
    """Yield every contradiction in an experiment: a valid one can be assigned, ramped and judged."""
    if len(experiment.variants) < _TWO:
        yield "variants", "there is nothing to compare", "Declare a control and at least one treatment."
        return
    if len({variant.name for variant in experiment.variants}) < len(experiment.variants):
        yield "variants", "two have the same name", "Name each variant once."
    yield from _share_rules(experiment)
    yield from _metric_rules(experiment)


def _share_rules(experiment: Experiment) -> Iterator[Broken]:
    total = math.fsum(variant.share for variant in experiment.variants)
    if not math.isclose(total, 1.0, abs_tol=1e-9):
        yield "variants", f"their shares add up to {total:g}", "Give shares that add up to 1."
    most = 1.0 / len(experiment.treatments)
    for variant in experiment.treatments:
        if variant.share > most + 1e-12:
            yield (
                f"variants.{variant.name}",
                f"its share {variant.share:g} is above {most:g}, all that a treatment among so many can grow to",
                "Give it less, or compare fewer variants.",
            )


def _metric_rules(experiment: Experiment) -> Iterator[Broken]:
    if not experiment.metrics:
        yield "metrics", "nothing is measured", "Declare the metric that decides."
    if len({metric.name for metric in experiment.metrics}) < len(experiment.metrics):
        yield "metrics", "one is declared twice", "Declare each metric once."
    for metric in experiment.metrics:
        if metric.bounds is None:
            continue
        if metric.name != "value":
            yield f"metrics.{metric.name}", "a rate has bounds of its own", "Leave bounds away."
        elif not (math.isfinite(metric.bounds[0]) and metric.bounds[0] < metric.bounds[1] < math.inf):
            yield f"metrics.{metric.name}", "its bounds are no range", "Give a finite lower and a higher upper bound."
