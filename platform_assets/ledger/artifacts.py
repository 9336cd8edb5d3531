"""The platform's own manifest: which content was made from which, append-only and content-addressed.

Dagster's event log can be wiped and does not index what used an artifact; audits read this manifest.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    Select,
    String,
    Table,
    func,
    select,
)

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

ArtifactKind = Literal[
    "raw_file",
    "staging",
    "feature_history",
    "feature_snapshot",
    "training_set",
    "preprocessor",
    "model",
    "evaluation",
    "bundle",
    "release",
    "batch_input",
    "publication",
    "online_snapshot",
    "prediction_log",
]

ARTIFACTS = Table(
    "artifacts",
    METADATA,
    Column("artifact_id", String, primary_key=True),
    Column("sequence", Integer, nullable=False, unique=True),
    Column("last_made", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("uri", String, nullable=False),
    Column("run_id", String, nullable=False),
    Column("code_version", String, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("details", JSON, nullable=False),
    Index(None, "kind", "name", "last_made"),
)
ARTIFACT_INPUTS = Table(
    "artifact_inputs",
    METADATA,
    Column("artifact_id", ForeignKey("artifacts.artifact_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("input_id", ForeignKey("artifacts.artifact_id"), nullable=False, index=True),
)


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """One made thing; `inputs` are the ids of what it was made from, in order.

    `sequence` orders what was made first, `last_made` what was made last: content that is made again keeps its first
    record and becomes the newest.
    """

    artifact_id: str
    sequence: int
    last_made: int
    kind: ArtifactKind
    name: str
    digest: str
    uri: str
    inputs: tuple[str, ...]
    run_id: str
    code_version: str
    created_at: dt.datetime
    details: dict[str, Any]


def artifact_id(kind: ArtifactKind, name: str, digest: str) -> str:
    """Return the id of content: the same kind, name and content always have the same one."""
    return f"{kind}:{name}@{digest[:16]}"


def record_artifact(  # noqa: PLR0913 - a manifest entry has that many facts
    ledger: Ledger,
    *,
    kind: ArtifactKind,
    name: str,
    digest: str,
    uri: str,
    inputs: Sequence[str],
    run_id: str,
    code_version: str,
    created_at: dt.datetime,
    details: Mapping[str, Any] | None = None,
) -> str:
    """Record what was made and from what; the first record of an id stays and becomes the newest. Returns the id.

    Every input must be recorded before, so that a chain has no gap: raises UnknownRecordError naming the one that
    is not.
    """
    told = artifact_id(kind, name, digest)
    with ledger.transaction() as connection:
        this = ARTIFACTS.c.artifact_id == told
        made = _next(connection, ARTIFACTS.c.last_made)
        if connection.execute(select(ARTIFACTS.c.artifact_id).where(this)).scalar() is not None:
            connection.execute(ARTIFACTS.update().where(this).values(last_made=made))
        else:
            _require_inputs(connection, told, inputs)
            connection.execute(
                ARTIFACTS.insert().values(
                    artifact_id=told,
                    sequence=_next(connection, ARTIFACTS.c.sequence),
                    last_made=made,
                    kind=kind,
                    name=name,
                    digest=digest,
                    uri=uri,
                    run_id=run_id,
                    code_version=code_version,
                    created_at=created_at,
                    details=dict(details or {}),
                )
            )
            edges = [{"artifact_id": told, "position": at, "input_id": one} for at, one in enumerate(inputs)]
            if edges:
                connection.execute(ARTIFACT_INPUTS.insert(), edges)
    return told


def get_artifact(ledger: Ledger, artifact: str) -> Artifact:
    """Return an artifact by its id; raises UnknownRecordError."""
    with ledger.reading() as connection:
        found = _load(connection, [artifact])
    if not found:
        remedy = "check the id, or materialize the asset that records it"
        raise UnknownRecordError(kind="artifact", key=artifact, remedy=remedy)
    return found[0]


def latest_artifact(ledger: Ledger, kind: ArtifactKind, name: str) -> Artifact | None:
    """Return the artifact of this kind and name that was made last, also if it had been made before, or None."""
    newest = _named(kind, name).order_by(ARTIFACTS.c.last_made.desc()).limit(1)
    with ledger.reading() as connection:
        told = connection.execute(newest).scalar()
        return _load(connection, [told])[0] if told else None


def artifacts(ledger: Ledger, kind: ArtifactKind, name: str) -> list[Artifact]:
    """Return all artifacts of this kind and name, oldest first."""
    with ledger.reading() as connection:
        return _load(connection, connection.execute(_named(kind, name)).scalars())


def walk_back(ledger: Ledger, artifact: str) -> list[Artifact]:
    """Return an artifact and everything it was made from, newest first, each once; raises UnknownRecordError."""
    get_artifact(ledger, artifact)
    return _walk(ledger, [artifact], ARTIFACT_INPUTS.c.artifact_id, ARTIFACT_INPUTS.c.input_id)[::-1]


def sources_of(ledger: Ledger, made: Sequence[str], *, without: Collection[str] = ()) -> list[Artifact]:
    """Return these artifacts and everything they were made from, oldest first; an id that is unknown is left out.

    The way leads neither to nor through those `without`.
    """
    return _walk(ledger, made, ARTIFACT_INPUTS.c.artifact_id, ARTIFACT_INPUTS.c.input_id, without)


def walk_forward(ledger: Ledger, artifact: str) -> list[Artifact]:
    """Return an artifact and everything made from it, oldest first, each once; raises UnknownRecordError."""
    get_artifact(ledger, artifact)
    return made_of(ledger, [artifact])


def made_of(ledger: Ledger, sources: Sequence[str], *, without: Collection[str] = ()) -> list[Artifact]:
    """Return these artifacts and everything made from them as `sources_of` does the other way."""
    return _walk(ledger, sources, ARTIFACT_INPUTS.c.input_id, ARTIFACT_INPUTS.c.artifact_id, without)


def find_artifacts(ledger: Ledger, *, kind: str | None = None, name: str | None = None, digest: str = "") -> list[str]:
    """Return the ids of the artifacts of a kind, of a name and whose digest begins so, oldest first."""
    wanted = select(ARTIFACTS.c.artifact_id).where(ARTIFACTS.c.digest.startswith(digest, autoescape=True))
    for column, value in ((ARTIFACTS.c.kind, kind), (ARTIFACTS.c.name, name)):
        wanted = wanted if value is None else wanted.where(column == value)
    with ledger.reading() as connection:
        return list(connection.execute(wanted.order_by(ARTIFACTS.c.sequence)).scalars())


def _walk(
    ledger: Ledger, begin: Sequence[str], near: "Column[str]", far: "Column[str]", without: Collection[str] = ()
) -> list[Artifact]:
    begun = [one for one in begin if one not in without]
    start = select(ARTIFACTS.c.artifact_id.label("id")).where(ARTIFACTS.c.artifact_id.in_(begun))
    reached = start.cte("reached", recursive=True)
    step = select(far).join(reached, near == reached.c.id)
    reached = reached.union(step.where(far.not_in(without)) if without else step)
    with ledger.reading() as connection:
        return _load(connection, connection.execute(select(reached.c.id)).scalars())


def _named(kind: ArtifactKind, name: str) -> Select[tuple[str]]:
    return select(ARTIFACTS.c.artifact_id).where(ARTIFACTS.c.kind == kind, ARTIFACTS.c.name == name)


def _next(connection: Connection, counter: "Column[int]") -> int:
    return (connection.execute(select(func.max(counter))).scalar() or 0) + 1


def _require_inputs(connection: Connection, told: str, inputs: Sequence[str]) -> None:
    known = {found.artifact_id for found in _load(connection, inputs)}
    for one in inputs:
        if one not in known:
            remedy = f"record it before {told}, which is made from it"
            raise UnknownRecordError(kind="artifact", key=one, remedy=remedy)


def _load(connection: Connection, ids: Iterable[str]) -> list[Artifact]:
    wanted = list(ids)
    loaded: list[Artifact] = []
    for start in range(0, len(wanted), 500):  # databases limit the number of bound values
        some = wanted[start : start + 500]
        edges: dict[str, list[str]] = {}
        of_these = select(ARTIFACT_INPUTS).where(ARTIFACT_INPUTS.c.artifact_id.in_(some))
        for edge in connection.execute(of_these.order_by(ARTIFACT_INPUTS.c.position)):
            edges.setdefault(edge.artifact_id, []).append(edge.input_id)
        found = connection.execute(select(ARTIFACTS).where(ARTIFACTS.c.artifact_id.in_(some))).mappings()
        loaded.extend(_artifact(row, edges.get(row["artifact_id"], [])) for row in found)
    return sorted(loaded, key=lambda artifact: artifact.sequence)


def _artifact(row: RowMapping, inputs: Sequence[str]) -> Artifact:
    return Artifact(**row, inputs=tuple(inputs))
