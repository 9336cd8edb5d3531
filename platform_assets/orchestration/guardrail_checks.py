"""Guardrails as Dagster shows them: one blocking check each, with its numbers and a small picture of the scores."""

import math
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract.guardrails import GUARDRAILS, GuardrailName
from platform_assets.contract.product import Product

if TYPE_CHECKING:
    from platform_assets.batch.guarding.result import GuardrailResult, Samples

_BARS = "▁▂▃▄▅▆▇█"
_BINS = 24


def guardrail_specs(product: Product, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Return one blocking check per guardrail, its declared levels in its description."""
    return [
        dg.AssetCheckSpec(f"guardrail_{name}", asset=key, blocking=True, description=_described(product, name))
        for name in GUARDRAILS
    ]


def guardrail_check(result: "GuardrailResult") -> dg.AssetCheckResult:
    """Return the verdict as a check: passed, failed with a warning (published all the same) or failed (refused)."""
    numbers = {"value": result.value, "warn_above": result.warn, "refused_above": result.fail, **result.numbers}
    shown = {name: value for name, value in numbers.items() if value is not None and math.isfinite(value)}
    return dg.AssetCheckResult(
        check_name=f"guardrail_{result.guardrail}",
        passed=result.level == "pass",
        severity=dg.AssetCheckSeverity.WARN if result.level == "warn" else dg.AssetCheckSeverity.ERROR,
        description=result.found,
        metadata={
            "level": result.level,
            "judged": result.unjudged is None,
            **shown,
            **({"scores_drawn": dg.MetadataValue.md(drawn(result.samples))} if result.samples else {}),
        },
    )


def drawn(samples: "Samples") -> str:
    """Return a Markdown table with one histogram per sample, over bins of equal width that all of them share."""
    import numpy as np

    finite = {name: values[np.isfinite(values)] for name, values in samples.items()}
    every = np.concatenate(list(finite.values()))
    if not every.size:
        return "no scores"
    low, high = (float(bound) for bound in np.quantile(every, (0.005, 0.995)))  # one outlier must not flatten all
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    lines = [
        f"| {name} | `{_bars(np.histogram(np.clip(part, *edges[[0, -1]]), edges)[0].tolist())}` |"
        for name, part in finite.items()
    ]
    return "\n".join([f"| scores | {edges[0]:.4g} to {edges[-1]:.4g} |", "|---|---|", *lines])


def _bars(counts: list[int]) -> str:
    most = max(counts, default=0)
    # An empty bin stays blank, so that one row can be told from none.
    return "".join(_BARS[math.ceil(count * len(_BARS) / most) - 1] if count else " " for count in counts)


def _described(product: Product, name: GuardrailName) -> str:
    reason = product.guardrails.off_reason(name)
    if reason is not None:
        return f"Switched off: {reason}"
    limit = product.guardrails.limit(name)
    levels = (("warns", limit.warn), ("refuses the batch", limit.fail))
    told = ", ".join(f"{verb} above {bound:g}" for verb, bound in levels if bound is not None)
    return f"Guardrail {name}: {told or 'only reported'}."
