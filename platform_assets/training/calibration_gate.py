"""Whether a probability may be read as a rate: its calibration error against the declared bound."""

from platform_assets.contract.product import Product
from platform_assets.training.evaluation import Evaluation
from platform_assets.training.gates import GateResult


def judge_calibration(product: Product, evaluation: Evaluation) -> list[GateResult]:
    """Return the gate of the calibration error on all test rows; empty for a score that is no probability.

    It fails where the lower end of the error's 95 % interval lies above the bound. The interval is the pivotal one: a
    resample adds as much noise to a mean of absolute gaps as the sample has already, so plain quantiles lie too high.
    """
    if product.score.kind != "probability":
        return []
    bound = product.acceptance.max_calibration_error
    text = f"calibration_error on all is not shown to be above {bound:g}"
    found = evaluation.measured("calibration_error")
    if found is None or found.value is None or found.low is None or found.high is None:
        return [GateResult(kind="calibration", gate=text, is_passed=False, value=None, bound=bound)]
    low, high = max(0.0, 2 * found.value - found.high), max(0.0, 2 * found.value - found.low)
    return [
        GateResult(
            kind="calibration", gate=text, is_passed=low <= bound, value=found.value, bound=bound, low=low, high=high
        )
    ]
