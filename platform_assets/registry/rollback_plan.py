"""What a rollback is going to do: decided and verified as a whole before anything moves, and kept on disk meanwhile."""

import datetime as dt
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from platform_assets.errors import ModelUnusableError, RollbackBusyError
from platform_assets.inference.durable import sync_directory, write_file
from platform_assets.ledger.decisions import Mandate
from platform_assets.settings import Settings


class RollbackPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where to where a product goes, and on whose word.

    `sequence` is that of the live pointer before, `sequence_after` the one that says that it has moved; they are equal
    when the release stays and the snapshot alone goes back. `snapshot_id` is None when the snapshot stays.
    """

    product: str
    from_release: str
    from_version: int
    to_release: str
    to_version: int
    sequence: int
    sequence_after: int
    service: str
    schema_hash: str
    from_snapshot: str | None
    snapshot_id: str | None
    is_online: bool
    as_of: dt.datetime | None
    mandate: Mandate


def write_plan(settings: Settings, plan: RollbackPlan) -> None:
    """Keep the plan until it is carried out: who comes after a kill finishes it."""
    write_file(_path(settings, plan.product), msgspec.json.encode(plan), fsync=settings.fsync)


def read_plan(settings: Settings, product: str) -> RollbackPlan | None:
    """Return the plan that was not carried out to its end, or None; raises ModelUnusableError for a damaged one."""
    path = _path(settings, product)
    try:
        return msgspec.json.decode(path.read_bytes(), type=RollbackPlan)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=str(path), problem=str(error)) from error


def drop_plan(settings: Settings, product: str) -> None:
    """Forget the plan: it is carried out, or nothing of it has happened."""
    path = _path(settings, product)
    path.unlink(missing_ok=True)
    sync_directory(path.parent, fsync=settings.fsync)


@contextmanager
def alone(settings: Settings, product: str) -> Iterator[None]:
    """Be the only one who rolls this product back; the operating system ends it when the process dies.

    Raises RollbackBusyError while another one is at work.
    """
    with (settings.releases_dir / product / ".rollback.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RollbackBusyError(product=product) from None
        yield


def unfinished_products(settings: Settings) -> list[str]:
    """Return the products with a plan that is not carried out, also of rollbacks that are at work now."""
    return sorted(path.parent.name for path in settings.releases_dir.glob("*/.rollback"))


def abandoned_plans(settings: Settings) -> list[RollbackPlan]:
    """Return the plans that nobody is carrying out: their process was killed, or gave up for now."""
    found = []
    for product in unfinished_products(settings):
        with suppress(RollbackBusyError), alone(settings, product):
            found.append(read_plan(settings, product))
    return [plan for plan in found if plan is not None]


def _path(settings: Settings, product: str) -> Path:
    return settings.releases_dir / product / ".rollback"
