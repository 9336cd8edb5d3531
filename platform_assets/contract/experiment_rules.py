"""What an experiment must satisfy beyond its types: as triples of place, problem and remedy, like a `BrokenRule`."""

import math
from collections.abc import Iterator

from platform_assets.contract.experiments import Experiment, Metric
from platform_assets.contract.product import Product
from platform_assets.contract.rollout_rules import Broken

_TWO = 2


def broken_product_experiment_rules(product: Product) -> Iterator[Broken]:
    """Yield every contradiction in the experiments that a product declares."""
    declared = product.online.experiments if product.online else ()
    if len({experiment.id for experiment in declared}) < len(declared):
        yield "experiments", "two have the same id", "Give each one an id that was never used before."
    for experiment in declared:
        for where, problem, remedy in (*broken_experiment_rules(experiment), *broken_for_product(experiment, product)):
            yield f"experiments.{experiment.id}.{where}", problem, remedy


def broken_for_product(experiment: Experiment, product: Product) -> Iterator[Broken]:
    """Yield what of an experiment a product cannot offer."""
    if experiment.product != product.name:
        yield "product", f"it is {experiment.product!r}, not {product.name!r}", "Name the product that it compares."
    for metric in experiment.metrics:
        yield from _unknown_outcome(metric, product)


def broken_experiment_rules(experiment: Experiment) -> Iterator[Broken]:
    """Yield every contradiction in an experiment: a valid one can be assigned, ramped and judged."""
    for name in (experiment.id, *(variant.name for variant in experiment.variants)):
        if "\n" in name:  # the end of a pattern also matches before a line feed
            yield "variants", f"the name {name!r} ends in a line feed", "Leave it out."
    if len(experiment.variants) < _TWO:
        yield "variants", "there is nothing to compare", "Declare a control and at least one treatment."
        return
    if len({variant.name for variant in experiment.variants}) < len(experiment.variants):
        yield "variants", "two have the same name", "Name each variant once."
    yield from _share_rules(experiment)
    yield from _metric_rules(experiment)


def _unknown_outcome(metric: Metric, product: Product) -> Iterator[Broken]:
    if metric.name == "accuracy" and product.score.threshold is None:
        problem = "the score has no threshold, so that no answer is right or wrong"
        yield "metrics.accuracy", problem, "Declare score.threshold or compare something else."
    if metric.name == "value" and (product.online is None or product.online.value is None):
        yield "metrics.value", "the product declares no value", "Declare online.value or compare something else."


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
