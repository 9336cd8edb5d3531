"""Drives rollouts: looks at the evidence, moves the live pointer, and lets ledger and MLflow say what it says.

What gives a release more traffic needs both records, and fails before the pointer moves when one is away. What takes a
release out needs none: it is recorded later. Whoever is killed in between leaves a pointer that the next one reads.
"""

import datetime as dt
from dataclasses import dataclass

import msgspec

from platform_assets.contract.product import Product
from platform_assets.errors import NoReleaseError, PromotionHeldError, ReleaseConflictError, RolloutStateError
from platform_assets.inference.live_pointer import LivePointer, LiveRollout, read_live
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.ledger.traffic_moves import TrafficMove, traffic_moves
from platform_assets.orchestration.rollout_decision import Judged, judge
from platform_assets.orchestration.rollout_evidence import hear
from platform_assets.registry.in_force import follow_pointer, record_pointer
from platform_assets.registry.promotion_holds import show_holds
from platform_assets.rollouts.held import require_way
from platform_assets.rollouts.moves import Pointers, Word, advance, complete, end
from platform_assets.settings import Settings

BY = "driver"
_UNTOLD = "none was given"


@dataclass(frozen=True, slots=True)
class Looked:
    """A live pointer and what its rollout does next; None without one."""

    live: LivePointer
    judged: Judged | None


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a step of the driver did: `told` in words, and the moves that no run has shown yet, its own among them."""

    told: str
    unshown: tuple[TrafficMove, ...]


def look(settings: Settings, product: Product, at: dt.datetime) -> Looked:
    """Return what the rollout of a product would do now; nothing is changed. Raises NoReleaseError.

    A step forward waits while promotions are held, in the step that the rollout is in; a step back never does.
    """
    live = read_live(settings.releases_dir, product.name)
    if live is None:
        raise NoReleaseError(product=product.name)
    if live.rollout is None:
        return Looked(live, None)
    if live.off is not None:
        return Looked(live, Judged(action="hold", reason=f"the product is switched off by {live.off.by}"))
    judged = judge(live.rollout, hear(settings, product, live.rollout, at), at)
    return Looked(live, _unless_held(settings, product.name, live, live.rollout, judged, at))


def take_step(settings: Settings, product: Product, run: RunFacts) -> Stepped:
    """Do what the evidence asks for, if anything, and bring ledger and MLflow up to date with every move before.

    A repeat, or a second driver at the same time, moves nothing twice. Raises LedgerUnavailableError and
    RegistryUnavailableError, after which no release has more traffic than before; NoReleaseError.
    """
    looked = look(settings, product, run.at)
    told = "no rollout is under way"
    if looked.live.rollout is not None and looked.judged is not None:
        told = f"{looked.judged.action}: {looked.judged.reason}"
        if looked.judged.action == "roll_back":
            told = _moved(settings, product.name, looked.live.rollout, looked.judged, run) or told
    ledger = open_ledger(settings.ledger_dsn)
    follow_pointer(settings, ledger, product.name, run, moved_by=BY, reason=_UNTOLD)
    if looked.live.rollout is not None and looked.judged is not None and looked.judged.action in _PROMOTIONS:
        told = _promoted(settings, ledger, product.name, looked.live.rollout, looked.judged, run) or told
    return Stepped(told, tuple(traffic_moves(ledger, product.name, unshown_only=True)))


_PROMOTIONS = frozenset({"advance", "complete"})


def _unless_held(
    settings: Settings, product: str, live: LivePointer, rollout: LiveRollout, judged: Judged, at: dt.datetime
) -> Judged:
    if judged.action not in _PROMOTIONS:
        return judged
    try:
        require_way(settings.releases_dir, product, live, rollout.release_id, at=at)
    except PromotionHeldError as error:
        return msgspec.structs.replace(judged, action="hold", reason=f"{judged.action} is due and held: {error}")
    return judged


def _promoted(
    settings: Settings, ledger: Ledger, product: str, rollout: LiveRollout, judged: Judged, run: RunFacts
) -> str | None:
    """Move with the writer's lock of the ledger in hand, so that there is nothing that could not be recorded."""
    with ledger.transaction():
        show_holds(settings, ledger, [product])  # which the move reads
        problem = _moved(settings, product, rollout, judged, run)
        record_pointer(settings, ledger, product, run, moved_by=BY, reason=_UNTOLD)
    follow_pointer(settings, ledger, product, run, moved_by=BY, reason=_UNTOLD)
    return problem


def _moved(settings: Settings, product: str, rollout: LiveRollout, judged: Judged, run: RunFacts) -> str | None:
    """Move the pointer as judged; returns what stood in the way when somebody else moved it first."""
    pointers = Pointers(releases_dir=settings.releases_dir, fsync=settings.fsync)
    word = Word(by=BY, at=run.at, reason=judged.reason, evidence={**judged.evidence, "run_id": run.run_id})
    rollout_id, step = rollout.rollout_id, rollout.step_name
    try:
        match judged.action:
            case "advance":
                advance(pointers, product, rollout_id=rollout_id, from_step=step, word=word)
            case "complete":
                complete(pointers, product, rollout_id=rollout_id, from_step=step, word=word)
            case "roll_back":
                end(pointers, product, rollout_id=rollout_id, word=word)
            case "hold":
                return judged.reason
    except PromotionHeldError as error:
        return f"hold: {error}"
    except (RolloutStateError, ReleaseConflictError) as error:
        return f"somebody else moved first: {error}"
    return None
