"""Asks for a new model: gathers what the decision follows from, decides, and records the request in one transaction."""

import datetime as dt
from dataclasses import dataclass

import msgspec

from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.errors import NoReleaseError, RetrainingHeldError
from platform_assets.features.sources import source_artifacts
from platform_assets.inference.live_pointer import read_live
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.recalls import recall_of
from platform_assets.ledger.releases import pointer_moves
from platform_assets.ledger.retraining import RetrainingRequest, requests
from platform_assets.monitoring.retraining.breaches import breaches
from platform_assets.monitoring.retraining.decide import Prospect, Situation, Verdict, decide, under_way
from platform_assets.monitoring.retraining.drifted import drift_breaches
from platform_assets.monitoring.retraining.records import PLATFORM, ask_by_hand, ask_for_breach
from platform_assets.registry.promotion_holds import promotion_holds
from platform_assets.rollouts.experiments import running_experiment
from platform_assets.settings import Settings
from platform_assets.training.moving_split import count_new_labels, newest_split


@dataclass(frozen=True, slots=True)
class Asked:
    """What was decided, and the request that stands for it, if any."""

    verdict: Verdict
    request: RetrainingRequest | None = None


def ask_by_rule(settings: Settings, ledger: Ledger, product: Product, at: dt.datetime) -> Asked:
    """Record a request for a new model if a broken rule asks for one and nothing stands against it.

    Of several processes at once one records it. Raises LedgerUnavailableError, and what `count_new_labels` raises.
    """
    verdict = decide(situation_of(settings, ledger, product, at))
    if verdict.action != "count":
        return Asked(verdict)
    prospect = prospect_of(settings, product, at)
    with ledger.transaction():  # nobody else asks between this look and the record
        situation = situation_of(settings, ledger, product, at)
        verdict = decide(msgspec.structs.replace(situation, prospect=prospect))
        if verdict.action != "request" or verdict.breach is None or situation.release_id is None:
            return Asked(verdict)
        mandate = Mandate(by=PLATFORM, at=at, reason=verdict.reason)
        release = situation.release_id
        request, _ = ask_for_breach(
            ledger, product.name, verdict.breach, release_id=release, prospect=prospect, mandate=mandate
        )
        return Asked(verdict, request)


def request_by_hand(settings: Settings, ledger: Ledger, product: Product, mandate: Mandate) -> RetrainingRequest:
    """Record the request of a person, whom cooldown and counts do not hold.

    Raises NoReleaseError before the first release, and RetrainingHeldError while another one is under way, something
    holds promotions or training, or the cut-off cannot move.
    """
    live = read_live(settings.releases_dir, product.name)
    if live is None:
        raise NoReleaseError(product=product.name)
    prospect = prospect_of(settings, product, mandate.at)
    with ledger.transaction():
        situation = situation_of(settings, ledger, product, mandate.at)
        blocked = under_way(situation.history, situation.on_its_way, situation.held)
        if blocked is None and prospect.new_labels == 0:
            blocked = f"no label is new to the release in force at the cut-off {prospect.cutoff}"
        if blocked is not None:
            raise RetrainingHeldError(product=product.name, reason=blocked)
        release_id = situation.release_id or live.release_id
        return ask_by_hand(ledger, product.name, release_id=release_id, prospect=prospect, mandate=mandate)


def situation_of(settings: Settings, ledger: Ledger, product: Product, at: dt.datetime) -> Situation:
    """Return what the decision follows from at a wall time, all but the labels; nothing is changed."""
    live = read_live(settings.releases_dir, product.name)
    now = settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=at)
    drifted = drift_breaches(settings, product.name, live.release_id, now) if live else []
    with ledger.reading():
        return Situation(
            limits=product.retraining,
            breaches=sorted([*breaches(ledger, product.name), *drifted], key=lambda one: one.since),
            history=requests(ledger, product.name),
            release_id=live.release_id if live else None,
            release_since=_in_force_since(ledger, product.name, live.release_id, live.moved_at) if live else None,
            now=at,
            on_its_way=on_its_way(settings, product.name),
            held=_held(ledger, product, at),
        )


def prospect_of(settings: Settings, product: Product, at: dt.datetime) -> Prospect:
    """Return what a candidate could learn from by now; raises what `count_new_labels` raises."""
    now = settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=at)
    split = newest_split(product, now)
    count = count_new_labels(settings, product, split)
    return Prospect(cutoff=split.cutoff, train_from=split.train_from, new_labels=count)


def on_its_way(settings: Settings, product: str) -> str | None:
    """Return in words which release or experiment has a part of the traffic, or None."""
    live = read_live(settings.releases_dir, product)
    if live is not None and live.rollout is not None:
        return f"release {live.rollout.release_id} is on its way"
    running = running_experiment(settings.releases_dir, product)
    return f"experiment {running.experiment.id} is running" if running else None


def _in_force_since(ledger: Ledger, product: str, release_id: str, moved_at: dt.datetime) -> dt.datetime:
    """Return since when a release is in force without a break; the ledger hears of a move by an endpoint later."""
    since: dt.datetime | None = None
    for move in pointer_moves(ledger, product):
        if move.release_id != release_id:
            since = None
        elif since is None:
            since = move.moved_at
    return since or moved_at


def _held(ledger: Ledger, product: Product, at: dt.datetime) -> str | None:
    holding = [hold for hold in promotion_holds(ledger, product.name) if hold.holds(at)]
    if holding:
        return f"promotions are held: {holding[0].told} (incident {holding[0].incident_id})"
    found = recall_of(ledger, source_artifacts(ledger, product))
    return f"{found.subject}, which it would learn from, was recalled: {found.reason}" if found else None
