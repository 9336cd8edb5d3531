"""Which declared consumers read which version of an output, and which of them have to move before when."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from platform_assets.contract.consumers import Consumer, Output, Reading
from platform_assets.contract.product import Product
from platform_assets.contract.versions import VersionState, earlier_version, state_of

Verdict = Literal["ok", "warn", "fail"]


class VersionReader(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one output that a consumer declares to read, and where that version stands.

    `has_moved` tells that the consumer can read the version in force as well.
    """

    consumer: str
    title: str
    team: str
    email: str
    product: str
    output: Output
    version: int
    state: VersionState
    sunset: dt.date | None
    has_moved: bool
    importance: str
    purposes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether nothing is to do, the consumer has to move, or it is too late."""
        if self.state in {"current", "announced"} or self.has_moved:
            return "ok"
        return "warn" if self.state == "deprecated" else "fail"

    def __str__(self) -> str:
        """Return what there is to say in one phrase."""
        until = "" if self.sunset is None else f", sunset {self.sunset.isoformat()}"
        return f"{self.consumer} reads version {self.version} of {self.output} ({self.state}{until})"


def version_readers(
    product: Product, readers: Sequence[tuple[Consumer, Reading]], at: dt.datetime
) -> list[VersionReader]:
    """Return every version that is declared to be read, in the order of the readers and the oldest first."""
    return [
        _reader(product, consumer, reading, version, at)
        for consumer, reading in readers
        for version in sorted(reading.versions)
    ]


def worst(readers: Sequence[VersionReader]) -> Verdict:
    """Return the worst verdict: `fail` where somebody reads what is gone or never was, `warn` where it will go."""
    order: tuple[Verdict, ...] = ("ok", "warn", "fail")
    return max((one.verdict for one in readers), key=order.index, default="ok")


def _reader(product: Product, consumer: Consumer, reading: Reading, version: int, at: dt.datetime) -> VersionReader:
    current, earlier = product.score.schema_version, product.earlier_versions
    told = earlier_version(earlier, version)
    return VersionReader(
        consumer=consumer.name,
        title=consumer.title,
        team=consumer.contact.team,
        email=consumer.contact.email,
        product=product.name,
        output=reading.output,
        version=version,
        state=state_of(current, earlier, version, at),
        sunset=None if told is None else told.sunset,
        has_moved=current in reading.versions,
        importance=reading.importance,
        purposes=reading.purposes,
    )
