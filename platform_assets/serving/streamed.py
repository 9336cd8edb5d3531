"""Stored features as events have refreshed them since the snapshot was made."""

import dataclasses
from collections.abc import Sequence

from platform_assets.clock import epoch_seconds
from platform_assets.inference.frame import Floats
from platform_assets.online.streaming.refresh import Refreshed, Stored, refresh
from platform_assets.serving.stored import StoredRows
from platform_assets.serving.streamed_view import Streamed, StreamedView

Names = Sequence[list[str] | None]


def refreshed(stored: StoredRows, event_at: float) -> tuple[StoredRows, Names | None]:
    """Return the rows as they are at an instant, and per row the columns that events gave; None where they gave none.

    The rows that came in stay as they are.
    """
    if stored.streamed is None or stored.snapshot is None:
        return stored, None
    news = _news(stored, stored.streamed, epoch_seconds(stored.snapshot.as_of), event_at)
    if not any(news):
        return stored, None
    by_row = [news[entity] for entity in stored.streamed.entity_of_row]
    return _with(stored, stored.streamed.view, by_row)


def _news(stored: StoredRows, streamed: Streamed, as_of: float, event_at: float) -> list[Refreshed | None]:
    first_rows = {entity: row for row, entity in reversed(list(enumerate(streamed.entity_of_row)))}
    view = streamed.view
    return [
        refresh(view.streaming, told.state, told.base, _held(stored, view, first_rows[entity], as_of), event_at)
        for entity, told in enumerate(streamed.told)
    ]


def _held(stored: StoredRows, view: StreamedView, row: int, as_of: float) -> Stored:
    values: Floats = stored.values[row]
    return Stored(
        float(stored.event_times[row, view.view]), as_of, {name: float(values[at]) for name, at in view.columns}
    )


def _with(
    stored: StoredRows, view: StreamedView, by_row: Sequence[Refreshed | None]
) -> tuple[StoredRows, list[list[str] | None]]:
    values, times, found = stored.values.copy(), stored.event_times.copy(), stored.found.copy()
    for row, news in enumerate(by_row):
        if news is not None:
            for name, at in view.columns:
                values[row, at] = news.values.get(name, values[row, at])
            times[row, view.view], found[row, view.view] = news.event_time, True
    names = [None if news is None else list(news.values) for news in by_row]
    return dataclasses.replace(stored, values=values, event_times=times, found=found), names
