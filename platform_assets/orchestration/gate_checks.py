"""The gates of an approval as checks of the evaluation: each declared one, and those that every product has."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract.product import Product

if TYPE_CHECKING:
    from platform_assets.training.gates import GateKind, GateResult

_EVERYWHERE: Mapping["GateKind", str] = MappingProxyType(
    {
        "calibration": "A probability may be read as a rate: its calibration error is not shown to be above the bound.",
        "champion": "On the same examples it loses no more against the release in force than is declared.",
        "slices": "Every declared slice has enough rows and loses no more there than is declared.",
        "schema": "Under the same output schema version nothing breaks for those who consume the release in force.",
        "smoke": "The bundle on disk answers known examples, each alone, to the bit as in the run that trained it.",
    }
)


def gate_specs(product: Product, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Return a blocking check per gate: no release is made after one that fails."""
    declared = {f"gate_{position}": describe_gate(product, position) for position in range(len(product.gates))}
    told = {**declared, **{f"gate_{kind}": text for kind, text in _EVERYWHERE.items()}}
    return [dg.AssetCheckSpec(name, asset=key, blocking=True, description=text) for name, text in told.items()]


def gate_checks(results: Sequence["GateResult"]) -> list[dg.AssetCheckResult]:
    """Return the verdicts, those of one kind as one check, each with its numbers."""
    declared = [result for result in results if result.kind == "declared"]
    checks = [_check(f"gate_{position}", [result]) for position, result in enumerate(declared)]
    return [*checks, *(_check(f"gate_{kind}", [one for one in results if one.kind == kind]) for kind in _EVERYWHERE)]


def describe_gate(product: Product, position: int) -> str:
    """Return a declared gate in words, as the UI shows it."""
    gate = product.gates[position]
    where = "" if gate.slice == "all" else f" on {gate.slice}"
    if gate.better_than is not None:
        factor = "" if gate.by_factor == 1.0 else f" by a factor of {gate.by_factor:g}"
        return f"{gate.metric}{where} is better than the baseline {gate.better_than}{factor}"
    if gate.minimum is not None:
        return f"{gate.metric}{where} is at least {gate.minimum:g}"
    return f"{gate.metric}{where} is at most {gate.maximum:g}"


def _check(name: str, results: Sequence["GateResult"]) -> dg.AssetCheckResult:
    verdict = "; ".join(map(str, results)) or "there is nothing of the kind to judge"
    numbers = [
        {"gate": one.gate, "value": one.value, "bound": one.bound, "low": one.low, "high": one.high} for one in results
    ]
    return dg.AssetCheckResult(
        check_name=name,
        passed=all(result.is_passed for result in results),
        metadata={"verdict": verdict, "numbers": dg.MetadataValue.json(numbers)},
        description=verdict,
    )
