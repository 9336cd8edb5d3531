"""What a person does to the traffic of a product: the same moves as the driver's, on the person's word.

To begin and to advance needs ledger and MLflow, and fails before anything moves when one is away. To end, and to switch
off or on, needs neither: the move is made, and whoever comes next records it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.rollout import RolloutPlan, Strategy
from platform_assets.errors import (
    ApprovalRefusedError,
    LedgerUnavailableError,
    NoReleaseError,
    NotMaterializedError,
    RegistryUnavailableError,
    RolloutStateError,
    UnknownRecordError,
)
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.live_pointer import LivePointer, LiveRollout, read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate, last_decision, model_version_subject
from platform_assets.ledger.releases import find_release
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.orchestration.rollout_decision import judge
from platform_assets.orchestration.rollout_evidence import hear
from platform_assets.registry.in_force import follow_pointer, record_pointer
from platform_assets.registry.promotion_holds import show_holds
from platform_assets.rollouts import moves
from platform_assets.rollouts.course import require_rollout
from platform_assets.rollouts.moves import Pointers, Word
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Hand:
    """Who moves the traffic of which product, and as which run it is recorded."""

    settings: Settings
    product: Product
    mandate: Mandate
    run: RunFacts

    @property
    def pointers(self) -> Pointers:
        """Where the live pointers lie."""
        return Pointers(releases_dir=self.settings.releases_dir, fsync=self.settings.fsync)

    @property
    def word(self) -> Word:
        """The mandate as the word of a move."""
        return Word(by=self.mandate.by, at=self.mandate.at, reason=self.mandate.reason)


@dataclass(frozen=True, slots=True)
class Moved:
    """The pointer after a move, and why ledger or MLflow do not say so yet; None when they do."""

    live: LivePointer
    records_problem: str | None = None


def begin_by_hand(hand: Hand, release_id: str, *, strategy: Strategy | None = None) -> Moved:
    """Put an approved release on its way by the declared plan of its product, or by that of another strategy.

    Raises UnknownRecordError, ApprovalRefusedError for a rejected version, BundleError when a byte of its bundle is
    not what was released, RolloutStateError, AlreadyInForceError, PromotionHeldError, LedgerUnavailableError,
    RegistryUnavailableError.
    """
    ledger = open_ledger(hand.settings.ledger_dsn)
    plan = _plan(hand.product, strategy)
    release = _sound_release(hand.settings, ledger, hand.product, release_id)
    return _promoted(
        hand,
        ledger,
        lambda: moves.begin(hand.pointers, hand.product.name, release_id=release.release_id, plan=plan, word=hand.word),
    )


def advance_by_hand(hand: Hand) -> Moved:
    """Put a rollout into its next step, or complete it in the last, whatever its gates say; what they say is recorded.

    Raises RolloutStateError without a rollout, PromotionHeldError, LedgerUnavailableError, RegistryUnavailableError.
    """
    rollout = _rollout(hand)
    judged = judge(rollout, hear(hand.settings, hand.product, rollout, hand.mandate.at), hand.mandate.at)
    told = {**judged.evidence, "driver_would": judged.action, "because": judged.reason}
    word = replace(hand.word, evidence=told)
    is_last = rollout.plan.after(rollout.step) is None
    move = moves.complete if is_last else moves.advance
    return _promoted(
        hand,
        open_ledger(hand.settings.ledger_dsn),
        lambda: move(
            hand.pointers,
            hand.product.name,
            rollout_id=rollout.rollout_id,
            from_step=rollout.step_name,
            word=word,
        ),
    )


def end_by_hand(hand: Hand) -> Moved:
    """Take the release that is on its way out at once; raises RolloutStateError without one."""
    rollout = _rollout(hand)
    return _recorded(hand, moves.end(hand.pointers, hand.product.name, rollout_id=rollout.rollout_id, word=hand.word))


def switch_by_hand(hand: Hand, *, to_off: bool) -> Moved:
    """Let the fallbacks of a product answer, or its model again; raises RolloutStateError when that is so already."""
    switch = moves.switch_off if to_off else moves.switch_on
    return _recorded(hand, switch(hand.pointers, hand.product.name, hand.word))


def _promoted(hand: Hand, ledger: Ledger, move: Callable[[], LivePointer]) -> Moved:
    _follow(hand, ledger)  # raises when one of both records is away
    with ledger.transaction():
        show_holds(hand.settings, ledger, [hand.product.name])  # which the move reads
        live = move()
        record_pointer(
            hand.settings, ledger, hand.product.name, hand.run, moved_by=hand.mandate.by, reason=hand.mandate.reason
        )
    return _recorded(hand, live)


def _recorded(hand: Hand, live: LivePointer) -> Moved:
    try:
        _follow(hand, open_ledger(hand.settings.ledger_dsn))
    except (LedgerUnavailableError, RegistryUnavailableError, NotMaterializedError, UnknownRecordError) as error:
        return Moved(live, f"{error}")
    return Moved(live)


def _follow(hand: Hand, ledger: Ledger) -> None:
    by, reason = hand.mandate.by, hand.mandate.reason
    follow_pointer(hand.settings, ledger, hand.product.name, hand.run, moved_by=by, reason=reason)


def _plan(product: Product, strategy: Strategy | None) -> RolloutPlan:
    if product.online is None:
        problem = "it is for batch only; `platform releases approve` puts a version in force at once"
        raise RolloutStateError(product=product.name, problem=problem)
    plan = product.online.rollout
    return plan if strategy is None else msgspec.structs.replace(plan, strategy=strategy, own_steps=())


def _sound_release(settings: Settings, ledger: Ledger, product: Product, release_id: str) -> Release:
    known = find_release(ledger, release_id)
    if known is None or known.product != product.name:
        remedy = f"take one of `platform releases list {product.name}`; nothing was changed"
        raise UnknownRecordError(kind=f"release of {product.name}", key=release_id, remedy=remedy)
    release = read_release(settings.releases_dir, product.name, release_id)
    found = last_decision(ledger, "model_version", model_version_subject(product.name, release.model_version))
    if found is not None and found.verdict == "rejected":
        problem = f"it was rejected by {found.decided_by} ({found.reason})"
        raise ApprovalRefusedError(product=product.name, version=release.model_version, problem=problem)
    load_bundle(settings.home / release.bundle_path, expected_digest=release.bundle_digest)
    return release


def _rollout(hand: Hand) -> LiveRollout:
    live = read_live(hand.settings.releases_dir, hand.product.name)
    if live is None:
        raise NoReleaseError(product=hand.product.name)
    return require_rollout(hand.product.name, live)
