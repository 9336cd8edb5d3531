"""How batches are scored: in what portions, in how much memory and on which engine, as the environment says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

from platform_assets.errors import InvalidSettingError

BatchEngine = Literal["local", "ray"]
_CHUNK_ROWS = range(1, 10_000_001)
_MEMORY_MIB = range(64, 1_048_577)
_WORKERS = range(1, 1025)


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """None of them changes what a batch says, to the last bit.

    `chunk_rows` are scored together. `memory_mib` bounds joins, sorts and comparisons of keys, which go to files beyond
    it. `workers` count for the engine `ray` alone.
    """

    chunk_rows: int = 32_768
    memory_mib: int = 1024
    engine: BatchEngine = "local"
    workers: int = 2

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read `PLATFORM_BATCH_*`; raises InvalidSettingError naming the variable."""
        usual = cls()
        engine = env.get("PLATFORM_BATCH_ENGINE") or usual.engine
        if engine not in get_args(BatchEngine):
            allowed = " or ".join(get_args(BatchEngine))
            raise InvalidSettingError(name="PLATFORM_BATCH_ENGINE", value=engine, allowed=allowed)
        return cls(
            chunk_rows=_number(env, "PLATFORM_BATCH_CHUNK_ROWS", usual.chunk_rows, _CHUNK_ROWS),
            memory_mib=_number(env, "PLATFORM_BATCH_MEMORY_MIB", usual.memory_mib, _MEMORY_MIB),
            engine=cast("BatchEngine", engine),
            workers=_number(env, "PLATFORM_BATCH_WORKERS", usual.workers, _WORKERS),
        )

    @property
    def variables(self) -> dict[str, str]:
        """The environment from which equal settings are read."""
        return {
            "PLATFORM_BATCH_CHUNK_ROWS": str(self.chunk_rows),
            "PLATFORM_BATCH_MEMORY_MIB": str(self.memory_mib),
            "PLATFORM_BATCH_ENGINE": self.engine,
            "PLATFORM_BATCH_WORKERS": str(self.workers),
        }


def _number(env: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or int(text) not in allowed:
        raise InvalidSettingError(name=name, value=text, allowed=f"a number from {allowed[0]} to {allowed[-1]}")
    return int(text)
