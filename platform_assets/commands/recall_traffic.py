"""Takes recalled releases out of traffic: rollouts and experiments end, the last sound release answers, or none."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from platform_assets.audit.impact import Impact
from platform_assets.errors import (
    DeploymentError,
    ExperimentStateError,
    NoReleaseError,
    RecalledError,
    ReleaseConflictError,
    RollbackBusyError,
    RollbackRefusedError,
    RollbackUnfinishedError,
    RolloutStateError,
    UnknownRecordError,
)
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.inference.refusals import refuse_version
from platform_assets.inference.release import read_release
from platform_assets.ledger.artifacts import Artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.releases import pointer_moves
from platform_assets.orchestration.rollout_by_hand import Hand, end_by_hand, switch_by_hand
from platform_assets.registry.rollback import Crew, finish, roll_back
from platform_assets.registry.rollback_target import Destination
from platform_assets.rollouts.experiments import running_experiment, stop
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class TrafficAfterRecall:
    """Who answers for a product after a recall: a release, or its fallbacks where `is_off`.

    `ended` names what was taken out on the way; `problems` say what is not recorded or not followed yet.
    """

    product: str
    release_id: str | None
    is_off: bool
    ended: tuple[str, ...]
    problems: tuple[str, ...]


def versions_of(settings: Settings, product: str, impact: Impact) -> list[int]:
    """Return the model versions of a product that are affected, sorted."""
    pairs = [one for one in impact.everything if one.name == product and one.kind in {"bundle", "release"}]
    return sorted({version for one in pairs if (version := version_of(settings, one)) is not None})


def version_of(settings: Settings, made: Artifact) -> int | None:
    """Return the model version of a bundle or release; None where neither its record nor its file tells it."""
    if "model_version" in made.details:
        return int(made.details["model_version"])
    if made.kind == "release":
        with suppress(NoReleaseError):
            return read_release(settings.releases_dir, made.name, made.digest).model_version
    return None


def refuse_versions(hand: Hand, impact: Impact) -> list[int]:
    """Let nobody give the affected versions traffic again, also not without the ledger; returns them."""
    versions = versions_of(hand.settings, hand.product.name, impact)
    for version in versions:
        refuse_version(hand.settings.releases_dir, hand.product.name, version, fsync=hand.settings.fsync)
    return versions


def take_from_traffic(hand: Hand, ledger: Ledger, impact: Impact, crew: Crew) -> TrafficAfterRecall:
    """Let no affected release of a product answer; killed anywhere, the next call ends what it began."""
    name, releases_dir = hand.product.name, hand.settings.releases_dir
    affected = impact.digests("release", name)
    ended, problems = [], [_finish_rollback(hand, ledger, crew)]
    if told := _stop_experiment(hand, affected):
        ended.append(told)
    live = read_live(releases_dir, name)
    if live is not None and live.rollout is not None and live.rollout.release_id in affected:
        with suppress(RolloutStateError):  # somebody, or the endpoint, was faster
            problems.append(end_by_hand(hand).records_problem)
            ended.append(f"rollout {live.rollout.rollout_id}")
    if live is not None and live.release_id in affected:
        problems.extend(_go_back(hand, ledger, live, affected, crew))
        ended.append(f"release {live.release_id}")
    live = read_live(releases_dir, name)
    still = live is not None and live.release_id in affected
    if live is not None and still and hand.product.online is not None:
        problems.append(switch_off(hand, live))
        live = read_live(releases_dir, name)
    return TrafficAfterRecall(
        product=name,
        release_id=live.release_id if live and not still else None,
        is_off=live is not None and live.off is not None,
        ended=tuple(ended),
        problems=tuple(told for told in problems if told),
    )


def switch_off(hand: Hand, live: LivePointer) -> str | None:
    """Let the fallbacks answer; returns why ledger or MLflow do not say so yet."""
    if live.off is not None:
        return None
    with suppress(RolloutStateError):
        return switch_by_hand(hand, to_off=True).records_problem
    return None


def _finish_rollback(hand: Hand, ledger: Ledger, crew: Crew) -> str | None:
    """Carry out what a killed recall, or anybody else, began; returns what is still behind."""
    try:
        finish(hand.settings, ledger, hand.product.name, crew)
    except (RollbackBusyError, RollbackUnfinishedError, DeploymentError) as error:
        return str(error)
    return None


def _stop_experiment(hand: Hand, affected: frozenset[str]) -> str | None:
    running = running_experiment(hand.settings.releases_dir, hand.product.name)
    if running is None or not affected & {variant.release for variant in running.experiment.variants}:
        return None
    with suppress(ExperimentStateError):
        stop(hand.pointers, hand.product.name, running.experiment.id, hand.word)
    return f"experiment {running.experiment.id}"


def _go_back(
    hand: Hand, ledger: Ledger, live: LivePointer, affected: frozenset[str], crew: Crew
) -> Iterator[str | None]:
    """Put the newest sound release that was in force before in force again; yields what is behind.

    Its feature snapshot is looked at apart, because the one of its time may be the recalled one.
    """
    for release_id in _before(ledger, hand, live, affected):
        wish = Destination(product=hand.product.name, release_id=release_id, with_snapshot=False)
        try:
            roll_back(hand.settings, ledger, wish, hand.mandate, crew)
        except RollbackUnfinishedError as error:  # the release is back; `finish` does the rest
            yield str(error)
        except (RollbackRefusedError, RecalledError, UnknownRecordError, DeploymentError):
            continue  # gone, damaged, refused or recalled too: an older one may be sound
        except (RollbackBusyError, ReleaseConflictError) as error:
            yield str(error)
        return


def _before(ledger: Ledger, hand: Hand, live: LivePointer, affected: frozenset[str]) -> list[str]:
    moves = [move.release_id for move in pointer_moves(ledger, hand.product.name)]
    return [one for one in dict.fromkeys(reversed(moves)) if one not in affected and one != live.release_id]
