"""What computing costs where the platform runs, as the environment says it; the defaults are examples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

from platform_assets.errors import InvalidSettingError

Currency = Literal["EUR", "USD"]


@dataclass(frozen=True, slots=True)
class CostSettings:
    """Prices in one currency: per core and hour, GiB of memory and hour, GPU and hour, GiB of storage and month.

    The defaults are round example figures and nobody's price list: who wants to believe a cost sets his own.
    """

    currency: Currency = "EUR"
    cpu_core_hour: float = 0.04
    memory_gib_hour: float = 0.005
    gpu_hour: float = 2.0
    storage_gib_month: float = 0.02

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read `PLATFORM_PRICE_*`; raises InvalidSettingError naming the variable."""
        currency = env.get("PLATFORM_PRICE_CURRENCY") or cls().currency
        if currency not in get_args(Currency):
            allowed = " or ".join(get_args(Currency))
            raise InvalidSettingError(name="PLATFORM_PRICE_CURRENCY", value=currency, allowed=allowed)
        return cls(
            currency=cast("Currency", currency),
            cpu_core_hour=_price(env, "PLATFORM_PRICE_CPU_CORE_HOUR", cls().cpu_core_hour),
            memory_gib_hour=_price(env, "PLATFORM_PRICE_MEMORY_GIB_HOUR", cls().memory_gib_hour),
            gpu_hour=_price(env, "PLATFORM_PRICE_GPU_HOUR", cls().gpu_hour),
            storage_gib_month=_price(env, "PLATFORM_PRICE_STORAGE_GIB_MONTH", cls().storage_gib_month),
        )

    @property
    def variables(self) -> dict[str, str]:
        """The environment from which equal settings are read."""
        return {
            "PLATFORM_PRICE_CURRENCY": self.currency,
            "PLATFORM_PRICE_CPU_CORE_HOUR": repr(self.cpu_core_hour),
            "PLATFORM_PRICE_MEMORY_GIB_HOUR": repr(self.memory_gib_hour),
            "PLATFORM_PRICE_GPU_HOUR": repr(self.gpu_hour),
            "PLATFORM_PRICE_STORAGE_GIB_MONTH": repr(self.storage_gib_month),
        }


def _price(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or repr(default)
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not 0.0 <= price < math.inf:
        raise InvalidSettingError(name=name, value=text, allowed="a price of 0 or more, like 0.04")
    return price
