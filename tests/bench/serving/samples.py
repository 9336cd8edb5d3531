"""The raw results: one JSON document a line, appended as soon as it is known, so that a run can go on."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.bench.serving.plan import MANY_ROWS


class Machine(msgspec.Struct, frozen=True, kw_only=True, tag="machine"):
    """Where, when and on which code a run began, and how its processes were placed."""

    began_at: str
    cores: int
    model: str
    placement: str
    python: str
    code: str
    load_average: float


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """A server in one round: seconds until its first right answer, and memory in MiB after all load.

    `pss_mib` counts shared pages once over the process tree, `rss_mib` adds up what each process holds.
    """

    server: str
    round: int
    ready_s: float
    pss_mib: float
    rss_mib: float
    processes: int


class Sample(msgspec.Struct, frozen=True, kw_only=True, tag="sample"):
    """One measured scenario. Latencies in milliseconds as the client sees them; CPU of the whole process tree.

    `store_cpu_s` is what the online store used besides; `cache_hits` and `fallbacks` are the rows that our endpoint's
    metrics say came from its cache and from a fallback. None where there is no such thing.
    """

    server: str
    round: int
    scenario: str
    rows: int
    seconds: float
    requests: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_s: float
    store_cpu_s: float | None = None
    cache_hits: float | None = None
    fallbacks: float | None = None

    @property
    def right(self) -> float:
        """How many requests were answered by the model: neither refused nor by a fallback."""
        return max(0.0, self.requests - self.errors - (self.fallbacks or 0.0) / self.rows)

    @property
    def rate(self) -> float:
        """Requests per second that the model answered."""
        return self.right / self.seconds


class Reads(msgspec.Struct, frozen=True, kw_only=True, tag="reads"):
    """The online reader alone against the real store: concurrent callers, each with `keys` entities a read."""

    round: int
    callers: int
    keys: int
    rows_per_s: float
    p50_ms: float
    p99_ms: float


class Absent(msgspec.Struct, frozen=True, kw_only=True, tag="absent"):
    """A server that could not be measured in a round, and why."""

    server: str
    round: int
    reason: str


Record = Machine | Started | Sample | Reads | Absent


class Results:
    """The file of one plan: what it holds already, and appending."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier, interrupted run left; a turn that was cut off or failed is tried again."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.records = _finished(list(_read(path)))
        path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in self.records))

    def add(self, records: Iterable[Record]) -> None:
        """Keep records, on disk first."""
        for record in records:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(record) + b"\n")
            self.records.append(record)

    def is_done(self, server: str, round_number: int) -> bool:
        """Tell whether a server's turn of a round was finished, by its figures or by a reason for their absence."""
        ends = [r for r in self.records if isinstance(r, Started | Absent)]
        return any(r.server == server and r.round == round_number for r in ends)

    def has_reads(self, round_number: int) -> bool:
        """Tell whether the reader was measured in a round, up to its last figure."""
        return any(isinstance(r, Reads) and r.round == round_number and r.keys == MANY_ROWS for r in self.records)

    def restart(self) -> None:
        """Forget everything."""
        self._path.write_bytes(b"")
        self.records.clear()

    @property
    def machine(self) -> Machine | None:
        """Where the run began."""
        return next((r for r in self.records if isinstance(r, Machine)), None)


def _read(path: Path) -> Iterable[Record]:
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            yield msgspec.json.decode(line, type=Record)
        except msgspec.DecodeError:
            return


def _finished(records: list[Record]) -> list[Record]:
    # The start is a turn's last line: without it the samples before it are of a turn that was cut off.
    finished = {(each.server, each.round) for each in records if isinstance(each, Started)}
    kept = (Machine, Reads)
    return [each for each in records if isinstance(each, kept) or (each.server, each.round) in finished]
