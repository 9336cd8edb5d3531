"""The verdict of one guardrail, with every number that it was reached by."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from platform_assets.contract.guardrails import GuardrailName
from platform_assets.contract.product import Product
from platform_assets.statistics.distances import Floats

Level = Literal["pass", "warn", "fail"]
# Why a guardrail had nothing to judge; None where it judged.
Unjudged = Literal["switched off", "does not apply", "nothing to compare with yet", "too few rows to compare"]
Samples = Mapping[str, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardrailResult:
    """What was seen, in words and numbers, and the levels it was held against, chance included.

    `value` is None where nothing was judged. `numbers` are sample sizes and whatever else the value was made of;
    `samples` are the scores to draw, by name.
    """

    guardrail: GuardrailName
    level: Level
    found: str
    value: float | None = None
    warn: float | None = None
    fail: float | None = None
    unjudged: Unjudged | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    samples: Samples = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_passed(self) -> bool:
        """Whether the batch may be published as far as this guardrail is concerned; a warning lets it pass."""
        return self.level != "fail"

    def as_reason(self) -> dict[str, object]:
        """Return the verdict as plain JSON data for the quarantine; a number that JSON does not know becomes null."""
        return {
            "guardrail": self.guardrail,
            "level": self.level,
            "found": self.found,
            "value": _plain(self.value),
            "warn": self.warn,
            "fail": self.fail,
            "numbers": {name: _plain(value) for name, value in self.numbers.items()},
        }

    def __str__(self) -> str:
        """Say what was seen and what is allowed."""
        return f"{self.guardrail}: {self.found}"


def judged(
    product: Product,
    guardrail: GuardrailName,
    value: float,
    found: str,
    *,
    chance: float = 0.0,
    numbers: Mapping[str, float] | None = None,
    samples: Samples | None = None,
) -> GuardrailResult:
    """Return the verdict on a value, of which more is worse; `chance` is added to the declared levels.

    A value that is not a number fails.
    """
    limit = product.guardrails.limit(guardrail)
    warn, fail = (None if bound is None else bound + chance for bound in (limit.warn, limit.fail))
    return GuardrailResult(
        guardrail=guardrail,
        level=_level(value, warn, fail),
        found=f"{found} ({_allowed(warn, fail)})",
        value=value,
        warn=warn,
        fail=fail,
        numbers={**(numbers or {}), **({"chance": chance} if chance else {})},
        samples=samples or {},
    )


def unjudged(guardrail: GuardrailName, why: Unjudged, detail: str = "") -> GuardrailResult:
    """Return the verdict of a guardrail that had nothing to judge: it passes and says so."""
    found = f"{why}: {detail}" if detail else why
    return GuardrailResult(guardrail=guardrail, level="pass", found=found, unjudged=why)


def _level(value: float, warn: float | None, fail: float | None) -> Level:
    if math.isnan(value) or (fail is not None and value > fail):
        return "fail"
    return "warn" if warn is not None and value > warn else "pass"


def _allowed(warn: float | None, fail: float | None) -> str:
    told = [f"{verb} above {bound:.4g}" for verb, bound in (("warns", warn), ("refused", fail)) if bound is not None]
    return ", ".join(told) or "never refused"


def _plain(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
