"""What one run of the benchmark measures: rounds, load and scenarios, as plain data."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

Asking = Literal["rows", "entities", "repeated"]
MANY_ROWS = 100


@dataclass(frozen=True, slots=True, order=True)
class Scenario:
    """One kind of load: what a body holds, how many rows, over how many connections.

    `rows` are features in the payload, `entities` are looked up in the online store, `repeated` sends one body always.
    """

    asking: Asking
    rows: int
    connections: int

    @property
    def name(self) -> str:
        """The name in results and tables."""
        return f"{self.asking}-{self.rows}-c{self.connections}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run: `rounds` times every server once, `seconds` for each scenario after `warm_seconds` of the same load."""

    work: Path
    rounds: int = 3
    seconds: float = 3.0
    warm_seconds: float = 1.0
    connections: tuple[int, ...] = (1, 16, 64)
    servers: tuple[str, ...] = ()
    is_quick: bool = False

    @property
    def results_path(self) -> Path:
        """Where the samples of exactly this plan are kept, one JSON document a line."""
        told = [self.rounds, self.seconds, self.warm_seconds, self.connections, self.servers]
        digest = hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:8]
        return self.work / "results" / f"{'quick' if self.is_quick else 'full'}-{digest}.jsonl"

    def scenarios(self, askings: tuple[Asking, ...]) -> list[Scenario]:
        """Return every scenario of a server that understands these ways of asking; small bodies come first."""
        wanted = [
            Scenario(asking, rows, connections)
            for asking in askings
            for rows in (1, MANY_ROWS)
            for connections in self.connections
        ]
        return [each for each in wanted if each.asking != "repeated" or each.rows == 1]

    def order(self, names: list[str], round_number: int) -> list[str]:
        """Return the servers in the order of a round: everybody starts at another place each time."""
        shift = round_number * max(1, len(names) // max(1, self.rounds)) % max(1, len(names))
        return [*names[shift:], *names[:shift]]
