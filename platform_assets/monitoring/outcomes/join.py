"""Joins what came true to the predictions that were given: each one once, as soon as its windows are over.

Every run looks at what is not joined yet and appends it in numbered commits. A run takes the number of a commit before
it looks at what is known, so that of two at once one finds its number taken and looks again; a run that dies leaves
whole commits or none. What nobody has observed is looked at again for five weeks.
"""

import datetime as dt
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.product import Product
from platform_assets.errors import ConcurrentCommitError
from platform_assets.lakehouse.table import table_exists
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import current_publications
from platform_assets.ledger.sla_counts import keep_reading, last_reading
from platform_assets.monitoring.outcomes.answers import answer_parts, waiting_answers
from platform_assets.monitoring.outcomes.batches import batch_parts, waiting_rows
from platform_assets.monitoring.outcomes.labelled import horizon_of, labelled
from platform_assets.monitoring.outcomes.predictions import Look, Part
from platform_assets.monitoring.outcomes.sample import is_sampled
from platform_assets.monitoring.outcomes.table import Mode, append_outcomes, known_ids, next_commit, outcomes_dir
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

# What is not observed by then is not expected any more; a spool of answers that is older is not seen.
LOOK_AGAIN = dt.timedelta(days=35)
_ATTEMPTS = 30


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """What one run did. `rows` were joined now, by mode; of `due` predictions it looked at, `unlabelled` have no label.

    `waiting` predictions have a window that is not over. `known_until` is the business instant of the look, `percent`
    the share of predictions that was looked at.
    """

    product: str
    known_until: dt.datetime
    percent: int
    rows: int
    batch: int
    online: int
    due: int
    unlabelled: int
    waiting: int

    @property
    def unlabelled_share(self) -> float | None:
        """Of what was due, the share that nobody has observed; None where nothing was due."""
        return self.unlabelled / self.due if self.due else None


def join_outcomes(
    settings: Settings, ledger: Ledger, product: Product, *, known_until: dt.datetime, at: dt.datetime
) -> Joined:
    """Append the outcome of every prediction whose windows were over at `known_until` (business time) and is known.

    Repeating it adds nothing. Raises NotMaterializedError when staging files are missing, InvalidProductError when the
    SQL fails, ConcurrentCommitError (retryable), and LakeWriteError; what was committed before stays.
    """
    look = _look(settings, ledger, product, known_until)
    stamp = _Stamp(known_until, at, settings.outcome_percent)
    done = _Done()
    for _ in range(_ATTEMPTS):
        if _join_all(settings, ledger, product, look, stamp, done):
            break
    else:
        raise ConcurrentCommitError(table=str(outcomes_dir(settings)), attempts=_ATTEMPTS)
    told = {"until": known_until.timestamp(), "percent": float(stamp.percent)}
    keep_reading(ledger, _source(product), told, at)
    shown = current_publications(ledger, product.name)
    waiting = waiting_answers(settings, product, look.until) + waiting_rows(shown, look.until)
    return Joined(
        product=product.name,
        known_until=known_until,
        percent=stamp.percent,
        rows=sum(done.rows.values()),
        batch=done.rows["batch"],
        online=done.rows["online"],
        due=done.due,
        unlabelled=done.unlabelled,
        waiting=waiting,
    )


@dataclass(frozen=True, slots=True)
class _Stamp:
    known_until: dt.datetime
    at: dt.datetime
    percent: int


@dataclass(slots=True)
class _Done:
    rows: dict[Mode, int] = field(default_factory=lambda: {"batch": 0, "online": 0})
    due: int = 0
    unlabelled: int = 0


def _look(settings: Settings, ledger: Ledger, product: Product, known_until: dt.datetime) -> Look:
    """Return what a run looks at: what is due since the last one, and what that one may have found unlabelled."""
    until = known_until - horizon_of(product)
    last = last_reading(ledger, _source(product))
    is_new = not table_exists(outcomes_dir(settings))
    if last is None or is_new or last[1].get("percent", 0.0) < settings.outcome_percent:
        return Look(until)
    before = min(dt.datetime.fromtimestamp(last[1]["until"], tz=dt.UTC), known_until)
    return Look(until, before - horizon_of(product) - LOOK_AGAIN, last[0] - LOOK_AGAIN)


def _join_all(settings: Settings, ledger: Ledger, product: Product, look: Look, stamp: _Stamp, done: _Done) -> bool:
    """Join everything that is not known; False as soon as another process was faster with a commit."""
    done.due = done.unlabelled = 0
    shown = current_publications(ledger, product.name)
    parts = chain(batch_parts(settings, ledger, product, shown, look), answer_parts(settings, product, look))
    while True:
        number = next_commit(settings, product.name)  # before the look at what is known
        part = next(parts, None)
        if part is None:
            return True
        sampled = _sampled(part, stamp.percent)
        fresh = _fresh(settings, product, sampled)
        rows = labelled(settings, product, fresh, known_until=stamp.known_until, at=stamp.at, percent=stamp.percent)
        if rows.num_rows and not _commit(settings, product, rows, number, stamp):
            return False
        done.due += len(sampled)
        done.unlabelled += len(fresh) - rows.num_rows
        done.rows[part.mode] += rows.num_rows


def _sampled(part: Part, percent: int) -> Part:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if percent == 100:  # noqa: PLR2004 - per cent
        return part
    kept = [is_sampled(told, percent) for told in part.facts.column("prediction_id").to_pylist()]
    return part.where(pa.array(kept, pa.bool_()))


def _fresh(settings: Settings, product: Product, part: Part) -> Part:
    """Return the predictions whose outcome is not in the table, each once."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    known = known_ids(settings, product.name, part.facts.column("predicted_date").unique().to_pylist())
    kept = []
    for told in part.facts.column("prediction_id").to_pylist():
        kept.append(told not in known)
        known.add(told)
    return part.where(pa.array(kept, pa.bool_()))


def _commit(settings: Settings, product: Product, rows: "pa.Table", number: int, stamp: _Stamp) -> bool:
    told = {"rows": str(rows.num_rows), "known_until": stamp.known_until.isoformat()}
    return append_outcomes(settings, product.name, rows, number=number, metadata=told)


def _source(product: Product) -> str:
    return f"outcomes of {product.name}"
