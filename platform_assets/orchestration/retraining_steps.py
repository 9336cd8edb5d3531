"""What a training run tells of the request that it carries out; every step may be repeated after a kill."""

import datetime as dt

from platform_assets.contract.compile import read_product
from platform_assets.contract.product import Product
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.pair import PRODUCT_FILE
from platform_assets.inference.release import read_release
from platform_assets.ledger.artifacts import Artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import last_decision, model_version_subject
from platform_assets.ledger.releases import releases
from platform_assets.ledger.retraining import RetrainingRequest, get_request, requests
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.monitoring.retraining.records import follow, require_standing
from platform_assets.settings import Settings
from platform_assets.training.approval import Approval, release_newest
from platform_assets.training.candidates import Candidate, train_candidate
from platform_assets.training.evaluation_report import EvaluationReport, report_newest
from platform_assets.training.examples import make_training_set


def make_set(
    settings: Settings, ledger: Ledger, product: Product, facts: RunFacts, request: int | None = None
) -> Artifact:
    """Build the training set of a request, or the ordinary one; raises RetrainingStateError for one that has ended."""
    if request is not None:
        require_standing(ledger, request)
        told = f"run {facts.run_id} trains on examples up to the cut-off of the request"
        follow(ledger, request, "started", told, at=facts.at, facts={"run_id": facts.run_id})
    return make_training_set(settings, ledger, product, facts, request=request)


def train_asked(
    settings: Settings, ledger: Ledger, product: Product, facts: RunFacts, request: int | None = None
) -> Candidate:
    """Train the candidate and record it as that of the request, unless another run has made the training set since."""
    trained = train_candidate(settings, ledger, product, facts)
    if request is not None:
        asked = require_standing(ledger, request)
        learned = read_product((trained.bundle / PRODUCT_FILE).read_bytes()).split
        if (learned.cutoff, learned.train_from) == (asked.cutoff, asked.train_from):
            version = trained.manifest.model_version
            told = f"model version {version} is trained; its gates are asked next"
            known = {"model_version": version, "bundle_digest": trained.digest}
            follow(ledger, request, "candidate", told, at=facts.at, facts=known)
    return trained


def judge_asked(
    settings: Settings, ledger: Ledger, product: Product, facts: RunFacts, request: int | None = None
) -> EvaluationReport:
    """Record the evaluation of the newest candidate; a gate that fails ends the request for it."""
    report = report_newest(settings, ledger, product, facts)
    failed = [str(gate) for gate in report.judgement.gates if not gate.is_passed]
    if request is not None and failed and _candidate_of(ledger, request) == report.model_version:
        told = f"{len(failed)} of {len(report.judgement.gates)} gates refuse model version {report.model_version}"
        follow(ledger, request, "refused", f"{told}: {'; '.join(failed)}", at=facts.at, facts={"gates": failed})
    return report


def release_asked(
    settings: Settings, ledger: Ledger, product: Product, facts: RunFacts, request: int | None = None
) -> Approval:
    """Release the newest candidate if its gates hold, and record what became of the request.

    Raises RetrainingStateError for a request that has ended, and what `release_newest` raises.
    """
    if request is not None:
        require_standing(ledger, request)
    approval = release_newest(settings, ledger, product, facts)
    if request is not None:
        settle(settings, ledger, product.name, facts.at)
    return approval


def carry_out(settings: Settings, ledger: Ledger, product: Product, request: int, facts: RunFacts) -> RetrainingRequest:
    """Do in this process what a training run does for a request, and return what became of it."""
    make_set(settings, ledger, product, facts, request)
    train_asked(settings, ledger, product, facts, request)
    judge_asked(settings, ledger, product, facts, request)
    if not get_request(ledger, request).is_ended:
        release_asked(settings, ledger, product, facts, request)
    return get_request(ledger, request)


def _candidate_of(ledger: Ledger, request: int) -> int | None:
    found = get_request(ledger, request)
    return int(found.steps[-1].facts["model_version"]) if found.state == "candidate" else None


def settle(settings: Settings, ledger: Ledger, product: str, at: dt.datetime) -> None:
    """Record what became of candidates since: in force, rejected by a person, or taken out of their rollout."""
    for request in requests(ledger, product):
        if request.state == "candidate":
            _settle(settings, ledger, request, at)


def _settle(settings: Settings, ledger: Ledger, request: RetrainingRequest, at: dt.datetime) -> None:
    known = request.steps[-1].facts
    version, digest = int(known["model_version"]), str(known["bundle_digest"])
    live = read_live(settings.releases_dir, request.product)
    in_force = live and read_release(settings.releases_dir, request.product, live.release_id)
    if in_force and in_force.bundle_digest == digest:
        told = f"release {in_force.release_id} (model version {version}) is in force in place of {request.release_id}"
        follow(ledger, request.request_id, "released", told, at=at, facts={"release_id": in_force.release_id})
        return
    found = last_decision(ledger, "model_version", model_version_subject(request.product, version))
    if found is not None and found.verdict == "rejected":
        told = f"model version {version} was rejected by {found.decided_by}: {found.reason}"
        follow(ledger, request.request_id, "refused", told, at=at)
        return
    ended = _ended_rollout(ledger, request.product, digest)
    if ended is not None and not (live and live.rollout):
        told = f"its release {ended[0]} was taken out of its rollout: {ended[1]}"
        follow(ledger, request.request_id, "refused", told, at=at)


def _ended_rollout(ledger: Ledger, product: str, digest: str) -> tuple[str, str] | None:
    """Return the release of a bundle whose rollout was ended without it, and why, or None."""
    own = {one.release_id for one in releases(ledger, product) if one.bundle_digest == digest}
    moves = [move for move in traffic_moves(ledger, product) if move.candidate in own]
    if not moves or moves[-1].share is not None or moves[-1].release_id in own:
        return None
    return str(moves[-1].candidate), moves[-1].reason
