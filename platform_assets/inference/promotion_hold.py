"""What holds promotions of a product: a file beside its live pointer, for everybody who moves it without the ledger.

The ledger says what holds; the file mirrors it with all instants, so that a due date or the end of a waiver that passes
needs nobody to write it again. What takes a release out, and the way back, never ask for it.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

from platform_assets.errors import ModelUnusableError, PromotionHeldError
from platform_assets.inference.durable import write_file


class PromotionHold(msgspec.Struct, frozen=True, kw_only=True):
    """One reason that holds promotions from `since` on, and not while its incident is waived.

    `told` says in words what holds, `owner` is the team that answers for it.
    """

    incident_id: int
    told: str
    owner: str
    since: dt.datetime
    waived_until: dt.datetime | None = None

    def holds(self, at: dt.datetime) -> bool:
        """Tell whether it holds at an instant."""
        return self.since <= at and not (self.waived_until is not None and at < self.waived_until)


def read_holds(releases_dir: Path, product: str) -> tuple[PromotionHold, ...]:
    """Return what was written last, none where nothing was; raises ModelUnusableError for a damaged file."""
    path = _path(releases_dir, product)
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[PromotionHold, ...])
    except FileNotFoundError:
        return ()
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=str(path), problem=str(error)) from error


def write_holds(releases_dir: Path, product: str, holds: Sequence[PromotionHold], *, fsync: bool = True) -> None:
    """Replace what holds promotions of a product; the same again writes nothing."""
    path = _path(releases_dir, product)
    content = msgspec.json.encode(tuple(holds))
    before = path.read_bytes() if path.exists() else msgspec.json.encode(())
    if content != before:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content, fsync=fsync)


def require_not_held(product: str, holds: Sequence[PromotionHold], at: dt.datetime) -> None:
    """Raise PromotionHeldError when one of them holds at an instant."""
    holding = [hold for hold in holds if hold.holds(at)]
    if holding:
        raise PromotionHeldError(
            product=product,
            held="; ".join(f"{hold.told} (incident {hold.incident_id}, owner {hold.owner})" for hold in holding),
            incident_id=holding[0].incident_id,
        )


def _path(releases_dir: Path, product: str) -> Path:
    return releases_dir / product / "promotion_hold.json"
