"""What is upstream of an output and changed since the last good state: raw files, features, code, releases, traffic."""

from collections.abc import Iterator, Mapping

from platform_assets.ledger.artifacts import Artifact, ArtifactKind, artifacts, get_artifact, latest_artifact, walk_back
from platform_assets.ledger.releases import ReleaseRecord, find_release, pointer_moves
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.monitoring.incidents.candidates import Candidate, Scene
from platform_assets.monitoring.incidents.plausibility import CauseKind

Named = tuple[ArtifactKind, str]
_KINDS: dict[ArtifactKind, CauseKind] = {"raw_file": "raw_file", "feature_history": "feature_view"}
# Two releases differ in these by being two.
_IDENTITY = frozenset(
    {"release_id", "product", "model_version", "bundle_path", "bundle_digest", "created_at", "reason"}
)


def changed_data(scene: Scene) -> Iterator[Candidate]:
    """Yield raw files and feature views upstream with new content; one that follows from another counts half."""
    changed = {
        one.artifact_id: (one, steps) for name, steps in _upstream(scene).items() for one in _made_since(scene, name)
    }
    for one, steps in changed.values():
        upstream = {other.artifact_id for other in walk_back(scene.ledger, one.artifact_id)[1:]}
        told = f"{one.kind.replace('_', ' ')} {one.name} has new content {one.digest[:12]}"
        kind, evidence = _KINDS[one.kind], [one.artifact_id, f"run {one.run_id}"]
        is_explained = not upstream.isdisjoint(changed)
        yield scene.candidate(kind, told, one.created_at, evidence=evidence, steps=steps, is_explained=is_explained)


def changed_code(scene: Scene) -> Iterator[Candidate]:
    """Yield that other code has made the newest inputs than the last good batch."""
    newest = latest_artifact(scene.ledger, "batch_input", scene.product.name)
    if scene.good.artifact is None or newest is None or not scene.is_inside(newest.created_at):
        return
    before = get_artifact(scene.ledger, scene.good.artifact)
    if before.code_version != newest.code_version:
        told = (
            f"the code is another one: {before.code_version} made the last good batch, now it is {newest.code_version}"
        )
        yield scene.candidate("code", told, newest.created_at, evidence=[f"run {newest.run_id}"])


def moved_traffic(scene: Scene) -> Iterator[Candidate]:
    """Yield each move of who answers, and of releases put in force what is declared otherwise than before."""
    moves = traffic_moves(scene.ledger, scene.product.name)
    for move in moves:
        if scene.is_inside(move.moved_at):
            kind: CauseKind = "release" if move.kind in {"moved", "rollout_completed"} else "traffic"
            told = f"traffic {move.kind.replace('_', ' ')}: release {move.candidate or move.release_id}: {move.reason}"
            evidence = [f"platform rollouts history {scene.product.name}"]
            yield scene.candidate(kind, told, move.moved_at, evidence=evidence)
    for put in pointer_moves(scene.ledger, scene.product.name):
        if not scene.is_inside(put.moved_at):
            continue
        evidence = [f"platform releases show {put.release_id}"]
        if not moves:
            told = f"release {put.release_id} came into force: {put.reason}"
            yield scene.candidate("release", told, put.moved_at, evidence=evidence)
        changed = _differences(
            find_release(scene.ledger, put.previous or ""), find_release(scene.ledger, put.release_id)
        )
        if changed:
            told = f"release {put.release_id} is declared otherwise than the one before: {', '.join(changed)}"
            yield scene.candidate("configuration", told, put.moved_at, evidence=evidence)


def _upstream(scene: Scene) -> Mapping[Named, int]:
    """Return the data upstream of the last good batch with its steps of lineage; the declared data without one."""
    if scene.good.artifact is None:
        declared: dict[Named, int] = {("feature_history", use.view): 1 for use in scene.product.features.views}
        return {**declared, ("raw_file", scene.product.dataset): 3}
    chain = {one.artifact_id: one for one in walk_back(scene.ledger, scene.good.artifact)}
    steps: dict[Named, int] = {}
    # Data counts by the way that it takes into a batch; what a model was trained on is part of its release.
    layer = [one for one in chain[scene.good.artifact].inputs if chain[one].kind == "batch_input"]
    depth = 0
    while layer:
        for told in layer:
            one = chain[told]
            if one.kind in _KINDS:
                steps.setdefault((one.kind, one.name), depth)
        layer = [below for told in layer for below in chain[told].inputs]
        depth += 1
    return steps


def _made_since(scene: Scene, name: Named) -> list[Artifact]:
    return [one for one in artifacts(scene.ledger, *name) if scene.is_inside(one.created_at)]


def _differences(before: ReleaseRecord | None, after: ReleaseRecord | None) -> list[str]:
    if before is None or after is None:
        return []
    names = sorted((before.document.keys() | after.document.keys()) - _IDENTITY)
    return [
        f"{name} {before.document.get(name)!r} -> {after.document.get(name)!r}"
        for name in names
        if before.document.get(name) != after.document.get(name)
    ]
