"""Rollback of everything together: release (model and preprocessor), feature snapshot, and with them the cache.

The plan lies on disk before anything moves, and one compare-and-set of the live pointer decides. A process that is
killed before that leaves the old state; after it, whoever comes next carries the plan out to its end. Cached scores
need no step: release and snapshot epoch are in their keys, and an epoch is never given twice.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import msgspec

from platform_assets.errors import (
    DeploymentError,
    NotMaterializedError,
    OnlineStoreError,
    RegistryUnavailableError,
    ReleaseConflictError,
    RollbackUnfinishedError,
)
from platform_assets.inference.live_pointer import move_live, read_live
from platform_assets.inference.pointer_moves import Cause
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate, decisions, record_decision
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.ledger.snapshots import roll_back_to
from platform_assets.online.connection import connect
from platform_assets.registry.in_force import follow_pointer
from platform_assets.registry.rollback_plan import RollbackPlan, alone, drop_plan, read_plan, write_plan
from platform_assets.registry.rollback_target import Destination, make_plan
from platform_assets.registry.snapshot_return import put_back
from platform_assets.settings import Settings

Step = Literal["verify", "plan", "pointer", "endpoint", "snapshot", "records", "done"]
EndpointState = Literal["switched", "silent", "batch_only"]


@dataclass(frozen=True, slots=True)
class EndpointFollowed:
    """What the running endpoint made of a moved pointer; `silent`: none answers, it obeys when it starts."""

    state: EndpointState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A rollback that was carried out. `endpoint_s`: seconds from before the move until the endpoint served it.

    `epoch` is the snapshot's new one, which no cached score has; None when no snapshot went back. `was_resumed` says
    that an earlier process began it.
    """

    plan: RollbackPlan
    epoch: int | None
    endpoint: EndpointFollowed
    endpoint_s: float | None
    was_resumed: bool


@dataclass(frozen=True, slots=True)
class Crew:
    """Who takes part besides the records: the endpoint, who is told of each step before it begins, and the run."""

    follow: Callable[[RollbackPlan], EndpointFollowed]
    run_id: str
    code_version: str
    tell: Callable[[Step], None] = lambda _step: None


def roll_back(settings: Settings, ledger: Ledger, wish: Destination, mandate: Mandate, crew: Crew) -> RolledBack:
    """Bring a product back to an earlier state, or change nothing; killed anywhere, the next call ends what it began.

    Raises what `make_plan` raises, RollbackBusyError, ReleaseConflictError when somebody moved the pointer meanwhile,
    DeploymentError when the endpoint refused the release (the one before is in force again), and
    RollbackUnfinishedError when the release is back and the online store or the registry did not follow yet.
    """
    if read_live(settings.releases_dir, wish.product) is None:
        make_plan(settings, ledger, wish, mandate)  # says why there is nothing to go back to
    with alone(settings, wish.product):
        begun = _begun(settings, wish.product)
        if begun is not None and _is_asked_for(begun, wish):
            return _carry_out(settings, ledger, _as_wished(begun, wish), crew, was_resumed=True)
        if begun is not None:  # overtaken by this one; what it did is recorded in its own words
            with suppress(RollbackUnfinishedError):
                _write_records(settings, ledger, begun, crew)
        crew.tell("verify")
        plan = make_plan(settings, ledger, wish, mandate)
        crew.tell("plan")
        write_plan(settings, plan)
        return _carry_out(settings, ledger, plan, crew, was_resumed=False)


def finish(settings: Settings, ledger: Ledger, product: str, crew: Crew) -> RolledBack | None:
    """Carry out what a killed rollback began; None when there is nothing to finish.

    Raises RollbackBusyError while its process lives, RollbackUnfinishedError.
    """
    with alone(settings, product):
        begun = _begun(settings, product)
        return None if begun is None else _carry_out(settings, ledger, begun, crew, was_resumed=True)


def _begun(settings: Settings, product: str) -> RollbackPlan | None:
    """Return the plan whose pointer has moved; one that had not moved it yet, or was overtaken, is forgotten."""
    plan = read_plan(settings, product)
    live = read_live(settings.releases_dir, product)
    if plan is None:
        return None
    if live is not None and (live.release_id, live.sequence) == (plan.to_release, plan.sequence_after):
        return plan
    drop_plan(settings, product)
    return None


def _is_asked_for(plan: RollbackPlan, wish: Destination) -> bool:
    return wish.release_id == plan.to_release if wish.release_id else wish.as_of == plan.as_of


def _as_wished(plan: RollbackPlan, wish: Destination) -> RollbackPlan:
    return plan if wish.with_snapshot else msgspec.structs.replace(plan, snapshot_id=None)


def _carry_out(settings: Settings, ledger: Ledger, plan: RollbackPlan, crew: Crew, *, was_resumed: bool) -> RolledBack:
    started = time.perf_counter()
    if not was_resumed:
        crew.tell("pointer")
        _move(settings, plan)
    crew.tell("endpoint")
    followed = _let_endpoint_follow(settings, plan, crew)
    endpoint_s = time.perf_counter() - started if followed.state == "switched" else None
    crew.tell("snapshot")
    epoch = _return_snapshot(settings, plan)
    crew.tell("records")
    _write_records(settings, ledger, plan, crew)
    crew.tell("done")
    drop_plan(settings, plan.product)
    return RolledBack(plan, epoch, followed, endpoint_s, was_resumed)


def _move(settings: Settings, plan: RollbackPlan) -> None:
    if plan.sequence_after == plan.sequence:
        return
    try:
        move_live(
            settings.releases_dir,
            plan.product,
            expected_sequence=plan.sequence,
            release_id=plan.to_release,
            moved_at=plan.mandate.at,
            cause=Cause(kind="moved", by=plan.mandate.by, reason=plan.mandate.reason),
            fsync=settings.fsync,
        )
    except ReleaseConflictError:
        drop_plan(settings, plan.product)
        raise


def _let_endpoint_follow(settings: Settings, plan: RollbackPlan, crew: Crew) -> EndpointFollowed:
    if not plan.is_online:
        return EndpointFollowed("batch_only")
    try:
        return crew.follow(plan)
    except DeploymentError:
        live = read_live(settings.releases_dir, plan.product)
        if live is not None and live.release_id != plan.to_release:  # it was put back: the old state, as a whole
            drop_plan(settings, plan.product)
        raise


def _return_snapshot(settings: Settings, plan: RollbackPlan) -> int | None:
    if plan.snapshot_id is None:
        return None
    try:
        with connect(settings.online_url) as client:
            return put_back(client, settings, plan.service, plan.snapshot_id).epoch
    except OnlineStoreError as error:
        raise _unfinished(plan, error) from error


def _write_records(settings: Settings, ledger: Ledger, plan: RollbackPlan, crew: Crew) -> None:
    """Let ledger, stage and alias say what is in force, and on whose word; a repeat changes nothing."""
    facts = RunFacts(run_id=crew.run_id, at=plan.mandate.at, code_version=crew.code_version)
    mandate = plan.mandate
    with ledger.transaction():
        if plan.snapshot_id is not None:
            roll_back_to(ledger, plan.service, plan.snapshot_id)
        known = [(made.mandate, made.evidence["sequence"]) for made in decisions(ledger, "rollback", plan.product)]
        if (mandate, plan.sequence_after) not in known:
            record_decision(
                ledger,
                mandate,
                kind="rollback",
                subject=plan.product,
                verdict="rolled_back",
                evidence=_evidence(plan, crew),
            )
    try:
        follow_pointer(settings, ledger, plan.product, facts, moved_by=mandate.by, reason=mandate.reason)
    except (RegistryUnavailableError, NotMaterializedError) as error:
        raise _unfinished(plan, error) from error


def _evidence(plan: RollbackPlan, crew: Crew) -> dict[str, object]:
    return {
        "from_release": plan.from_release,
        "to_release": plan.to_release,
        "sequence": plan.sequence_after,
        "service": plan.service,
        "from_snapshot": plan.from_snapshot,
        "snapshot_id": plan.snapshot_id,
        "as_of": plan.as_of.isoformat() if plan.as_of else None,
        "run_id": crew.run_id,
    }


def _unfinished(plan: RollbackPlan, error: Exception) -> RollbackUnfinishedError:
    return RollbackUnfinishedError(product=plan.product, release=plan.to_release, problem=f"{error}")
