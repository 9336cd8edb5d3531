"""A candidate that passes its gates comes into force, by itself or on a person's word; another changes nothing."""

from contextlib import suppress
from dataclasses import dataclass

import msgspec

from platform_assets.contract.product import Product
from platform_assets.errors import AlreadyInForceError, ApprovalRefusedError, RegistryUnavailableError
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.live_pointer import read_live, read_settled_live
from platform_assets.inference.refusals import accept_version, refuse_version
from platform_assets.inference.release import Release, make_release, read_release, write_release
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import (
    Decision,
    Mandate,
    last_decision,
    model_version_subject,
    record_decision,
    require_undecided,
)
from platform_assets.ledger.manifest import newest, record
from platform_assets.ledger.models import approve_model_version, get_model_version, set_stage
from platform_assets.ledger.recalls import require_sound
from platform_assets.ledger.releases import record_release, releases
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.in_force import follow_pointer
from platform_assets.registry.promotion_holds import require_promotable, show_holds
from platform_assets.registry.tracking import require_registry
from platform_assets.registry.traffic_labels import show_tags
from platform_assets.registry.versions import bundle_dir
from platform_assets.rollouts.experiments import settled_running_experiment
from platform_assets.settings import Settings
from platform_assets.training.acceptance import examine
from platform_assets.training.bring_in import bring_in, has_traffic, may_come_in
from platform_assets.training.candidates import Judgement, candidate_version
from platform_assets.training.gates import require_gates

APPROVED_BY = "gates"


@dataclass(frozen=True, slots=True)
class Approval:
    """The release in force after an approval, and whether it came there by it.

    `begun` is the release that the approval put on its way instead: it gets the traffic step by step.
    """

    release: Release
    is_new: bool
    begun: Release | None = None


def release_newest(settings: Settings, ledger: Ledger, product: Product, facts: RunFacts) -> Approval:
    """Put the newest candidate in force, or on its way there, if every gate holds; a repeat changes nothing.

    A release that was put aside for an older one (refused by the endpoint, or by hand) or whose rollout was ended is
    not brought in again, and none while another one is on its way: a later run brings it in. Raises GateRefusedError,
    PromotionHeldError and, for a version that a person has rejected, ApprovalRefusedError, after which the release
    before stays in force; NotMaterializedError without a candidate; LedgerUnavailableError and RegistryUnavailableError
    before anything moves.
    """
    version = candidate_version(settings, ledger, product, facts)
    return _approve(settings, ledger, product, version, facts, by=APPROVED_BY)


def approve_version(
    settings: Settings, ledger: Ledger, product: Product, version: int, facts: RunFacts, mandate: Mandate
) -> Approval:
    """Put one version in force or on its way on a person's word, also one that was put aside; its gates must hold.

    Who, when, why and the judgement of the gates are recorded. Raises GateRefusedError, NotMaterializedError,
    AlreadyInForceError, RolloutStateError while another version is on its way, PromotionHeldError, and
    ApprovalRefusedError for a version that was rejected or is older than the one in force.
    """
    live = _live_release(settings, product.name)
    if live is not None and live.model_version > version:
        problem = f"version {live.model_version} is in force; the way back is `platform releases rollback`"
        raise ApprovalRefusedError(product=product.name, version=version, problem=problem)
    subject = model_version_subject(product.name, version)
    if live is not None and live.model_version == version and last_decision(ledger, "model_version", subject):
        raise AlreadyInForceError(product=product.name, release=live.release_id, snapshot=None)
    return _approve(settings, ledger, product, version, facts, by=mandate.by, reason=mandate.reason)


def reject_version(settings: Settings, ledger: Ledger, product: Product, version: int, mandate: Mandate) -> Decision:
    """Record that a version never comes into force, on which evidence and on whose word; a rejection stays.

    Raises UnknownRecordError, AlreadyDecidedError when it was rejected before, and ApprovalRefusedError while it has
    traffic: in force, on its way or in a running experiment.
    """
    known = get_model_version(ledger, product.name, version)
    subject = model_version_subject(product.name, version)
    with ledger.transaction():  # no approval moves the pointer meanwhile: it holds this lock while it does
        found = last_decision(ledger, "model_version", subject)
        if found is not None and found.verdict == "rejected":
            require_undecided(ledger, "model_version", subject)
        # Before the look at the pointer: who deploys without the ledger is seen there, or sees this mark.
        refuse_version(settings.releases_dir, product.name, version, fsync=settings.fsync)
        try:
            _require_no_traffic(settings, product.name, version)
        except ApprovalRefusedError:
            accept_version(settings.releases_dir, product.name, version, fsync=settings.fsync)
            raise
        evidence = {"bundle_digest": known.bundle_digest, "gates": known.gates}
        decision = record_decision(
            ledger, mandate, kind="model_version", subject=subject, verdict="rejected", evidence=evidence
        )
        set_stage(ledger, product.name, version, "archived")
    with suppress(RegistryUnavailableError):  # the rejection stands; the next move tells MLflow
        show_tags(settings, ledger, product.name, read_live(settings.releases_dir, product.name))
    return decision


def _require_no_traffic(settings: Settings, product: str, version: int) -> None:
    def version_of(release_id: str) -> int:
        return read_release(settings.releases_dir, product, release_id).model_version

    live = read_settled_live(settings.releases_dir, product)
    if live is not None and version_of(live.release_id) == version:
        problem = "it is in force; `platform releases rollback` first"
        raise ApprovalRefusedError(product=product, version=version, problem=problem)
    if live is not None and live.rollout is not None and version_of(live.rollout.release_id) == version:
        problem = "it is on its way; `platform rollouts end` first"
        raise ApprovalRefusedError(product=product, version=version, problem=problem)
    running = settled_running_experiment(settings.releases_dir, product)
    if running is not None and version in {version_of(one.release) for one in running.experiment.variants}:
        problem = f"experiment {running.experiment.id} gives it traffic; `platform experiments stop` first"
        raise ApprovalRefusedError(product=product, version=version, problem=problem)


def _approve(
    settings: Settings, ledger: Ledger, product: Product, version: int, facts: RunFacts, *, by: str, reason: str = ""
) -> Approval:
    bundle = load_bundle(bundle_dir(settings, product.name, version))
    judgement = examine(settings, ledger, product, version)
    require_gates(product, judgement.gates)
    _require_not_rejected(ledger, product, version)
    require_sound(ledger, [artifact_id("bundle", product.name, bundle.digest)])
    mandate = Mandate(by=by, at=facts.at, reason=reason or f"all {len(judgement.gates)} gates hold")
    known = _release_of(ledger, product.name, bundle.digest)
    release = known or make_release(
        product,
        bundle.manifest,
        bundle_path=bundle.directory.relative_to(settings.home).as_posix(),
        created_at=facts.at,
        reason=mandate.reason,
    )
    if not has_traffic(settings, release) and (by != APPROVED_BY or may_come_in(settings, ledger, release)):
        require_promotable(settings, ledger, product.name, facts.at)
    _record(settings, ledger, facts, release, by=by)
    approve_model_version(ledger, product.name, version, approved_by=by, approved_at=facts.at, reason=mandate.reason)
    require_registry(settings)
    with ledger.transaction():  # a rejection or a recall comes wholly before this or after it
        _require_not_rejected(ledger, product, version)
        require_sound(ledger, [artifact_id("release", product.name, release.release_id)])
        accept_version(settings.releases_dir, product.name, version, fsync=settings.fsync)  # of a rejection that died
        show_holds(settings, ledger, [product.name])
        is_allowed = by != APPROVED_BY or may_come_in(settings, ledger, release)
        is_moved = is_allowed and bring_in(settings, product, release, mandate)
        _record_approval(ledger, mandate, release, judgement)
    in_force = follow_pointer(settings, ledger, product.name, facts, moved_by=by, reason=mandate.reason)
    is_in_force = in_force.release_id == release.release_id
    return Approval(in_force, is_new=is_moved and is_in_force, begun=release if is_moved and not is_in_force else None)


def _live_release(settings: Settings, product: str) -> Release | None:
    live = read_live(settings.releases_dir, product)
    return read_release(settings.releases_dir, product, live.release_id) if live else None


def _require_not_rejected(ledger: Ledger, product: Product, version: int) -> None:
    found = last_decision(ledger, "model_version", model_version_subject(product.name, version))
    if found is not None and found.verdict == "rejected":
        problem = f"it was rejected by {found.decided_by} at {found.decided_at.isoformat()} ({found.reason})"
        raise ApprovalRefusedError(product=product.name, version=version, problem=problem)


def _record_approval(ledger: Ledger, mandate: Mandate, release: Release, judgement: Judgement) -> None:
    """Record an approval with its evidence; one by the gates only once."""
    subject = model_version_subject(release.product, release.model_version)
    if mandate.by == APPROVED_BY and last_decision(ledger, "model_version", subject) is not None:
        return
    record_decision(
        ledger,
        mandate,
        kind="model_version",
        subject=subject,
        verdict="approved",
        evidence={
            "release_id": release.release_id,
            "bundle_digest": release.bundle_digest,
            "gates": [msgspec.structs.asdict(gate) for gate in judgement.gates],
            "verdicts": [str(gate) for gate in judgement.gates],
        },
    )


def _release_of(ledger: Ledger, product: str, digest: str) -> Release | None:
    """Return the release that was made of this bundle before, if any."""
    found = [one for one in releases(ledger, product) if one.bundle_digest == digest]
    return msgspec.convert(found[-1].document, Release) if found else None


def _record(settings: Settings, ledger: Ledger, facts: RunFacts, release: Release, *, by: str) -> None:
    path = write_release(settings.releases_dir, release, fsync=settings.fsync)
    record_release(
        ledger,
        release_id=release.release_id,
        product=release.product,
        model_version=release.model_version,
        bundle_digest=release.bundle_digest,
        contract_version=str(release.contract_version),
        document=msgspec.to_builtins(release),
        created_at=release.created_at,
        created_by=by,
        reason=release.reason,
    )
    record(
        ledger,
        facts,
        kind="release",
        name=release.product,
        digest=release.release_id,
        uri=str(path),
        inputs=[
            artifact_id("bundle", release.product, release.bundle_digest),
            *newest(ledger, "evaluation", release.product),
        ],
        details={"model_version": release.model_version, "approved_by": by, "reason": release.reason},
    )
