"""The gates: conditions on the evaluation, all of which must hold before a pair may be released."""

from typing import Literal

import msgspec

from platform_assets.contract.evaluation import Gate
from platform_assets.contract.product import Product
from platform_assets.errors import GateRefusedError
from platform_assets.training.evaluation import Evaluation
from platform_assets.training.metrics import LOWER_IS_BETTER

GateKind = Literal["declared", "calibration", "champion", "slices", "schema", "smoke"]


class GateResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gate as a sentence, whether it holds, and the two numbers that it compared.

    `low` and `high` are the 95 % interval of what was measured, where the gate looked at one.
    """

    gate: str
    is_passed: bool
    value: float | None
    bound: float | None
    kind: GateKind = "declared"
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Return the gate with its numbers, for messages and pages."""
        verdict = f"{self.gate}: {'holds' if self.is_passed else 'fails'}"
        if self.value is None and self.bound is None:
            return verdict
        interval = "" if self.low is None or self.high is None else f", interval {self.low:.4g} to {self.high:.4g}"
        return f"{verdict} ({_shown(self.value)} against {_shown(self.bound)}{interval})"


def judge(product: Product, evaluation: Evaluation) -> list[GateResult]:
    """Return the result of every declared gate; a number that could not be measured fails its gate."""
    return [_judge(gate, evaluation) for gate in product.gates]


def require_gates(product: Product, results: list[GateResult]) -> None:
    """Raise GateRefusedError naming every failed gate with its numbers."""
    failures = [str(result) for result in results if not result.is_passed]
    if failures:
        raise GateRefusedError(product=product.name, failures="; ".join(failures))


def _judge(gate: Gate, evaluation: Evaluation) -> GateResult:
    if gate.better_than is not None:
        return _judge_comparison(gate, gate.better_than, evaluation)
    measured = evaluation.measured(gate.metric, slice_name=gate.slice)
    value = measured.value if measured else None
    is_minimum = gate.minimum is not None
    bound = gate.minimum if is_minimum else gate.maximum
    holds = value is not None and bound is not None and (value >= bound if is_minimum else value <= bound)
    text = f"{gate.metric} on {gate.slice} is {'at least' if is_minimum else 'at most'} {_shown(bound)}"
    return GateResult(gate=text, is_passed=holds, value=value, bound=bound)


def _judge_comparison(gate: Gate, baseline: str, evaluation: Evaluation) -> GateResult:
    found = evaluation.compared(gate.metric, baseline, slice_name=gate.slice)
    value, other = (found.model, found.other) if found else (None, None)
    lower = gate.metric in LOWER_IS_BETTER
    bound = None if other is None else (other / gate.by_factor if lower else other * gate.by_factor)
    holds = value is not None and bound is not None and (value < bound if lower else value > bound)
    factor = "" if gate.by_factor == 1.0 else f" by a factor of {gate.by_factor:g}"
    text = f"{gate.metric} on {gate.slice} is better than {baseline}{factor}"
    return GateResult(gate=text, is_passed=holds, value=value, bound=bound)


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"
