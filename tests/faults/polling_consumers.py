"""A process that reads what is published again and again, and keeps every version that it has seen."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import get_args

from platform_assets.errors import PlatformError
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.publications import Publication
from tests.faults.daily_batches import DailyBatches, Order, nursery
from tests.faults.published_state import Channel, Seen, State, look

_PAUSE_S = 0.01


class Sightings:
    """What a consumer has seen in each channel: every version once per time that it came up, and how often it read."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.reads: Counter[Channel] = Counter()
        self.versions: dict[Channel, list[Seen]] = {channel: [] for channel in get_args(Channel)}
        self.errors: list[str] = []

    def take(self, channel: Channel, seen: Seen) -> None:
        self.reads[channel] += 1
        if self.versions[channel][-1:] != [seen]:
            self.versions[channel].append(seen)

    def problems(self, order: Order) -> list[str]:
        """Return what no consumer may ever see: a mixed or partial version, one that came back, an error."""
        state = State.of(order)
        return self._problems(state.known(), state.recorded)

    def _problems(self, known: dict[str, Seen], recorded: list[Publication]) -> list[str]:
        place = {one.digest[:16]: one.publication_id for one in recorded}
        found = list(self.errors)
        for channel, versions in self.versions.items():
            found += [f"a consumer of the {channel} saw {seen}" for seen in versions if seen != known.get(seen.batch)]
            places = [place.get(seen.batch, 0) for seen in versions]
            if places != sorted(set(places)):
                found.append(f"a consumer of the {channel} saw an older batch again: {places}")
        return found


@contextlib.contextmanager
def consumers(batches: DailyBatches) -> Iterator[Sightings]:
    """Let consumers read while the body runs; afterwards the result holds all that they have seen."""
    order, context, all_seen = batches.order(0), nursery(), Sightings()
    mine, theirs = context.Pipe()
    reader = context.Process(target=poll, args=(order, theirs))
    reader.start()
    theirs.close()
    mine.recv()
    try:
        yield all_seen
    finally:
        mine.send("stop")
        vars(all_seen).update(vars(mine.recv()))
        reader.join()


def poll(order: Order, control: Connection) -> None:
    """Read all channels until told to stop, then send what was seen."""
    settings, product, _ = order
    ledger, sightings = open_ledger(settings.ledger_dsn), Sightings()
    control.send("reading")
    while not control.poll(_PAUSE_S):
        for channel in sightings.versions:
            try:
                seen = look(settings, ledger, product, channel)
            except PlatformError as error:
                sightings.errors.append(f"{channel}: {error}")
                continue
            if seen is not None:
                sightings.take(channel, seen)
    control.send(sightings)
