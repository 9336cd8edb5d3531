"""Every move of a live pointer with its cause, as one file each: whoever moves it needs no other record to be there."""

import datetime as dt
from pathlib import Path
from typing import Any, Literal

import msgspec

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.durable import write_file

MoveKind = Literal[
    "moved",  # a release got all of the traffic at once
    "rollout_begun",
    "rollout_advanced",
    "rollout_completed",
    "rollout_ended",  # the candidate is out, the release before answers everything again
    "switched_off",
    "switched_on",
]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of move it is, on whose word, why, and on which evidence (plain data)."""

    kind: MoveKind
    by: str
    reason: str
    evidence: dict[str, Any] = msgspec.field(default_factory=dict)


class PointerMove(msgspec.Struct, frozen=True, kw_only=True):
    """One move; `pointer` is the whole pointer after it, as plain data that later versions can read too."""

    product: str
    sequence: int
    at: dt.datetime
    cause: Cause
    pointer: dict[str, Any]


def write_move(releases_dir: Path, move: PointerMove, *, fsync: bool = True) -> None:
    """Keep a move; who calls this holds the lock of the pointer and moves it next."""
    path = _path(releases_dir, move.product, move.sequence)
    path.parent.mkdir(exist_ok=True)
    write_file(path, msgspec.json.encode(move), fsync=fsync)


def read_moves(releases_dir: Path, product: str, *, after: int = 0, up_to: int) -> list[PointerMove]:
    """Return the kept moves after one sequence and up to another, in order.

    `up_to` is the sequence of the pointer in force: a move beyond it was prepared and never came into force. Moves
    that were made before moves were kept are missing. Raises ModelUnusableError for a damaged one.
    """
    found = []
    for sequence in range(after + 1, up_to + 1):
        path = _path(releases_dir, product, sequence)
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=PointerMove))
        except FileNotFoundError:
            continue
        except msgspec.DecodeError as error:
            raise ModelUnusableError(file=str(path), problem=str(error)) from error
    return found


def _path(releases_dir: Path, product: str, sequence: int) -> Path:
    return releases_dir / product / "moves" / f"{sequence:08d}.json"
