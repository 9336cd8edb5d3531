"""Whether every declared slice was measured on enough rows to say anything about it."""

from platform_assets.contract.product import Product
from platform_assets.training.evaluation import Evaluation
from platform_assets.training.gates import GateResult
from platform_assets.training.metrics import primary_metric


def judge_slices(product: Product, evaluation: Evaluation) -> list[GateResult]:
    """Return one gate per declared slice: its test rows that have a score, against the declared minimum."""
    return [_judge(product, part.name, evaluation) for part in product.slices]


def _judge(product: Product, name: str, evaluation: Evaluation) -> GateResult:
    bound = product.acceptance.min_slice_rows
    metric = primary_metric(product)
    found = evaluation.measured(metric, slice_name=name)
    rows = found.rows if found is not None and found.value is not None else 0
    text = f"{metric} of slice {name} is measured on at least {bound} rows"
    return GateResult(kind="slices", gate=text, is_passed=rows >= bound, value=float(rows), bound=float(bound))
