"""Whether a published batch may be acted on: what its file, its readers and the status beside it all say alike."""

import datetime as dt
from pathlib import Path

import msgspec

from platform_assets.clock import BusinessClock
from platform_assets.contract.ages import Age, Stamps, ages_of, business_now, is_stale, valid_until
from platform_assets.contract.product import Product
from platform_assets.inference.durable import write_file
from platform_assets.settings import Settings

ARROW_DIGITS = 24


class PublishedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Which batch consumers read, and the instants that its ages are measured from.

    `output_version` is the version of the output that it was published under; None where nobody knows.
    """

    product: str
    release_id: str
    model_version: int
    revision: int
    batch_digest: str
    stamps: Stamps
    output_version: int | None = None


class PublishedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A published batch at one instant: its ages, and what machines may do with it.

    `age_seconds` is from the as-of to business time. From `valid_until` on, in business time, it is stale.
    `suppressed_actions` maps each declared action that must not be done to the reason.
    """

    batch: PublishedBatch
    told_at: dt.datetime
    age_seconds: float
    valid_until: dt.datetime
    ages: list[Age]
    is_stale: bool
    action_allowed: bool
    allowed_actions: list[str]
    suppressed_actions: dict[str, str]


def status_of(product: Product, batch: PublishedBatch, clock: BusinessClock, at: dt.datetime) -> PublishedStatus:
    """Return what may be done with a batch at a wall time, by the ages that the product promises."""
    ages = ages_of(product, batch.stamps, clock, at)
    stale, names = is_stale(ages), [action.name for action in product.actions]
    reason = "; ".join(_told(age) for age in ages if age.is_stale)
    return PublishedStatus(
        batch=batch,
        told_at=at,
        age_seconds=(business_now(product, clock, at) - batch.stamps.as_of).total_seconds(),
        valid_until=valid_until(product, batch.stamps, clock),
        ages=ages,
        is_stale=stale,
        action_allowed=not stale,
        allowed_actions=[] if stale else names,
        suppressed_actions=dict.fromkeys(names, reason) if stale else {},
    )


def status_path(settings: Settings, product: str) -> Path:
    """Return the file that tells the status of a product's published batch to whoever reads no Python."""
    return settings.published_dir / f"{product}.status.json"


def arrow_path(settings: Settings, product: str, batch_digest: str) -> Path:
    """Return the Arrow file of a batch; it is there while the batch is what consumers read."""
    return settings.published_dir / f"{product}.{batch_digest[:ARROW_DIGITS]}.arrow"


def write_status(settings: Settings, status: PublishedStatus) -> bool:
    """Replace the status beside the published file where it says something else; return whether it did.

    It names its batch by digest, so that a reader of both files sees when they are not of one batch.
    """
    path = status_path(settings, status.batch.product)
    if _lasting(read_status(settings, status.batch.product)) == _lasting(status):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, msgspec.json.format(msgspec.json.encode(status), indent=2), fsync=settings.fsync)
    return True


def read_status(settings: Settings, product: str) -> PublishedStatus | None:
    """Return the status that was written last, None where none or none that can be read."""
    try:
        return msgspec.json.decode(status_path(settings, product).read_bytes(), type=PublishedStatus)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _lasting(status: PublishedStatus | None) -> tuple[object, ...] | None:
    """Return what does not change with every second."""
    if status is None:
        return None
    states = [(age.name, age.state, age.max_hours) for age in status.ages]
    return (status.batch, status.valid_until, states, status.allowed_actions, sorted(status.suppressed_actions))


def _told(age: Age) -> str:
    if age.is_before:
        return f"{age.name} cannot be told: the clock is before the batch"
    return f"{age.name} is {age.hours:.1f} h, promised at most {age.max_hours:g} h"
