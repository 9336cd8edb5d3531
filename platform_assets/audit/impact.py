"""Forward: from a raw file, build, snapshot, model, release or batch to everything that was made from it."""

from collections.abc import Iterator, Sequence

import msgspec

from platform_assets.audit.touched import AnswerCount, Touched, answer_ids, batch_ids, count_answers, waiting_answers
from platform_assets.consumers import readers_of
from platform_assets.contract.consumers import Output
from platform_assets.ledger.artifacts import Artifact, ArtifactKind, artifacts, walk_forward
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Decision
from platform_assets.ledger.publications import Publication, current_publication, publications
from platform_assets.ledger.recalls import recall_of, unsound
from platform_assets.settings import Settings

# What is made once more from a mended source and still holds what the spoiled one had put in.
_GROWING: tuple[ArtifactKind, ...] = ("feature_history",)


class AffectedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A published batch that was made from it; `is_shown` says that its as-of shows it to consumers now."""

    publication: Publication
    is_shown: bool


class AffectedReader(msgspec.Struct, frozen=True, kw_only=True):
    """A declared consumer of an output that carries it, and how to reach them."""

    consumer: str
    title: str
    team: str
    email: str
    product: str
    output: Output
    purposes: tuple[str, ...]
    importance: str


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """What a thing was used for. `made` is everything made from it, oldest first, the thing itself left out.

    `continued_by` are later builds of an affected history: they were made from something else and still hold the rows
    that the affected one had appended. `waiting_answers` are not in the log yet and may or may not be affected; None
    means that the online store is away.
    """

    subject: Artifact
    recall: Decision | None
    made: tuple[Artifact, ...]
    continued_by: tuple[str, ...]
    batches: tuple[AffectedBatch, ...]
    answers: tuple[AnswerCount, ...]
    waiting_answers: int | None
    readers: tuple[AffectedReader, ...]

    @property
    def everything(self) -> tuple[Artifact, ...]:
        """The thing and all that was made from it."""
        return (self.subject, *self.made)

    @property
    def products(self) -> tuple[str, ...]:
        """The products whose releases, snapshots or batches carry it, sorted."""
        kinds = {"bundle", "release", "online_snapshot", "publication", "training_set", "batch_input"}
        return tuple(sorted({one.name for one in self.everything if one.kind in kinds}))

    @property
    def rows(self) -> int:
        """How many rows of published batches carry it, withdrawn batches too."""
        return sum(one.publication.row_count for one in self.batches)

    def digests(self, kind: ArtifactKind, product: str | None = None) -> frozenset[str]:
        """Return the digests of the affected things of a kind: of releases and snapshots, their ids."""
        return frozenset(one.digest for one in self.everything if one.kind == kind and product in (None, one.name))


def find_impact(settings: Settings, ledger: Ledger, subject: Artifact, *, unsound_only: bool = False) -> Impact:
    """Return what was made from an artifact, also through any number of steps; nothing is changed.

    Batches and answers are counted; `affected_ids` lists them. `unsound_only` leaves out what a recall of the artifact
    would not hit, because it came out the same from sound inputs or a person vouched for it.
    """
    walk = unsound if unsound_only else walk_forward
    reached = walk(ledger, subject.artifact_id)
    batches = _batches(ledger, reached)
    answers = tuple(count_answers(settings, _touched(ledger, reached, batches)))
    return Impact(
        subject=subject,
        recall=recall_of(ledger, [subject.artifact_id]),
        made=tuple(one for one in reached if one.artifact_id != subject.artifact_id),
        continued_by=tuple(_continued_by(ledger, reached)),
        batches=tuple(batches),
        answers=answers,
        waiting_answers=waiting_answers(settings),
        readers=tuple(_readers(batches, answers)),
    )


def affected_ids(settings: Settings, ledger: Ledger, impact: Impact) -> Iterator[str]:
    """Yield the id of every affected row and logged answer, in bounded memory."""
    yield from batch_ids(settings, [one.publication for one in impact.batches])
    yield from answer_ids(settings, _touched(ledger, impact.everything, impact.batches))


def _batches(ledger: Ledger, reached: Sequence[Artifact]) -> list[AffectedBatch]:
    digests = {(one.name, one.digest) for one in reached if one.kind == "publication"}
    found = [
        one
        for product in sorted({product for product, _ in digests})
        for one in publications(ledger, product)
        if (product, one.digest) in digests
    ]
    return [AffectedBatch(publication=one, is_shown=_is_shown(ledger, one)) for one in found]


def _is_shown(ledger: Ledger, publication: Publication) -> bool:
    shown = current_publication(ledger, publication.product, publication.as_of)
    return shown is not None and shown.publication_id == publication.publication_id


def _touched(ledger: Ledger, reached: Sequence[Artifact], batches: Sequence[AffectedBatch]) -> Touched:
    rivals: dict[tuple[str, str, int], list[Publication]] = {}
    for product in sorted({one.publication.product for one in batches}):
        for one in publications(ledger, product):
            rivals.setdefault((product, one.as_of, one.model_version), []).append(one)
    return Touched(
        releases=frozenset(one.digest for one in reached if one.kind == "release"),
        snapshots=frozenset(one.digest for one in reached if one.kind == "online_snapshot"),
        publications=[one.publication for one in batches],
        rivals=rivals,
    )


def _continued_by(ledger: Ledger, reached: Sequence[Artifact]) -> Iterator[str]:
    affected = {one.artifact_id for one in reached}
    first = {one.name: one for one in reversed(reached) if one.kind in _GROWING}
    for name, oldest in sorted(first.items()):
        for one in artifacts(ledger, oldest.kind, name):
            if one.sequence > oldest.sequence and one.artifact_id not in affected:
                yield one.artifact_id


def _readers(batches: Sequence[AffectedBatch], answers: Sequence[AnswerCount]) -> Iterator[AffectedReader]:
    outputs: dict[tuple[str, Output], None] = {}
    for batch in batches:
        outputs[batch.publication.product, "published_predictions"] = None
    for answer in answers:
        outputs[answer.product, "online_predictions"] = None
    for product, output in sorted(outputs):
        for consumer, reading in readers_of(product, output):
            yield AffectedReader(
                consumer=consumer.name,
                title=consumer.title,
                team=consumer.contact.team,
                email=consumer.contact.email,
                product=product,
                output=output,
                purposes=reading.purposes,
                importance=reading.importance,
            )
