"""Replays past predictions: one with all its stages, or many with a summary."""

from collections.abc import Iterator

from platform_assets.audit.replay.batch_rows import replay_batch_rows
from platform_assets.audit.replay.online_rows import replay_answers
from platform_assets.audit.replay.recorded_rows import Row, find_row, read_rows
from platform_assets.audit.replay.report import Report, Tally
from platform_assets.audit.replay.selection import Group, Wanted, choose
from platform_assets.audit.replay.shelf import Shelf
from platform_assets.audit.replay.verdict import Replayed
from platform_assets.contract.names import PredictionMode
from platform_assets.errors import TableUnreadableError
from platform_assets.ledger.database import open_ledger
from platform_assets.settings import Settings

_ROWS_AT_ONCE = 4_096


def replay_one(settings: Settings, prediction_id: str) -> Replayed:
    """Return the verdict of one prediction with every stage; raises UnknownPredictionError for an unknown id."""
    mode, row = find_row(settings, prediction_id)
    shelf = Shelf(settings, open_ledger(settings.ledger_dsn))
    return _replay_rows(shelf, mode, [row], is_detailed=True)[0]


def replay_many(settings: Settings, wanted: Wanted) -> Report:
    """Replay what is wanted, release by release and a few thousand rows at a time; every exception is in the report.

    A partition that cannot be read is told of and the others go on. Raises TableUnreadableError when that shows
    already while choosing.
    """
    shelf = Shelf(settings, open_ledger(settings.ledger_dsn))
    groups, tally = choose(settings, wanted), Tally()
    for group in groups:
        try:
            for replayed in replay_group(shelf, group):
                tally.count(replayed)
        except TableUnreadableError as error:
            tally.unreadable.append(str(error))
    return tally.report(bundle_loads=shelf.loads)


def replay_group(shelf: Shelf, group: Group) -> Iterator[Replayed]:
    """Yield the verdicts of a group. Raises TableUnreadableError."""
    rows = read_rows(group.table, group.filters)
    for batch in rows.to_batches(max_chunksize=_ROWS_AT_ONCE):
        yield from _replay_rows(shelf, group.mode, batch.to_pylist(), is_detailed=False)


def _replay_rows(shelf: Shelf, mode: PredictionMode, rows: list[Row], *, is_detailed: bool) -> list[Replayed]:
    if mode == "online":
        return replay_answers(shelf, rows, is_detailed=is_detailed)
    by_input: dict[str, list[Row]] = {}
    for row in rows:
        by_input.setdefault(row["input_artifact"], []).append(row)
    return [
        replayed for some in by_input.values() for replayed in replay_batch_rows(shelf, some, is_detailed=is_detailed)
    ]
