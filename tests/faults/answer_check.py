"""Every answer against what the release, bundle, schema and snapshot that its log entry names compute."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import PredictionLogEntry, decode_entry
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.release import Release
from platform_assets.inference.scoring import score
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch, trim
from platform_assets.settings import Settings
from tests.integration.two_releases import AS_OF

# On a busy machine a read of the store comes too late now and then: the answer has no snapshot, and says so.
STORE_IS_SLOW = frozenset({"online_store_unavailable"})


class Named(NamedTuple):
    """What an answer or a log entry says about where its score comes from."""

    release_id: str
    model_version: int
    feature_version: str
    output_schema_version: int
    score: float | None
    fallback: str
    entity_id: str


@dataclass(frozen=True)
class Known:
    """The truth: what each release is made of, the value of all features in each snapshot, and the scores of both."""

    digests: Mapping[str, str]
    versions: Mapping[str, tuple[int, str, int]]
    values: Mapping[str, float]
    scores: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, home: Path, releases: Sequence[Release], values: Mapping[str, float]) -> "Known":
        """Compute every score from the files of a home; raises AssertionError when two of them are the same."""
        bundles = {one.release_id: load_bundle(home / one.bundle_path) for one in releases}
        scores = {
            (release_id, snapshot): _score(bundle, value)
            for release_id, bundle in bundles.items()
            for snapshot, value in values.items()
        }
        assert len(set(scores.values())) == len(scores), f"scores that tell nothing: {scores}"
        return cls(
            digests={one.release_id: one.bundle_digest for one in releases},
            versions={
                one.release_id: (
                    one.model_version,
                    bundles[one.release_id].manifest.feature_version,
                    bundles[one.release_id].manifest.output_schema_version,
                )
                for one in releases
            },
            values=values,
            scores=scores,
        )

    def problem(self, entry: PredictionLogEntry) -> str | None:
        """Return what of an entry does not belong together."""
        snapshot = entry.snapshot_id or ""
        versions = (entry.model_version, entry.feature_version, entry.output_schema_version)
        if versions != self.versions[entry.release_id] or entry.bundle_digest != self.digests[entry.release_id]:
            return f"release {entry.release_id} with {versions} and bundle {entry.bundle_digest}"
        if entry.reason in STORE_IS_SLOW:
            return None
        if entry.fallback != "none" or set(entry.features) != {self.values.get(snapshot)}:
            return f"fallback {entry.fallback} because of {entry.reason}, snapshot {snapshot} with {entry.features}"
        if entry.score != self.scores[entry.release_id, snapshot]:
            return f"release {entry.release_id} and snapshot {snapshot} gave {entry.score}"
        return None


@dataclass
class AnswerCheck:
    """Compares answers with their log entries as both come in, and each entry with the truth."""

    known: Known
    wrong: list[str] = field(default_factory=list)
    combinations: Counter[tuple[int, str]] = field(default_factory=Counter)
    degraded: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    _answers: dict[str, Named] = field(default_factory=dict)
    _entries: dict[str, Named] = field(default_factory=dict)
    _epochs: dict[int, str] = field(default_factory=dict)

    def answered(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take the rows of an answer; called by another thread than the rest."""
        for row in rows:
            self._answers[row["prediction_id"]] = Named(*(row[name] for name in Named._fields))

    def read_log(self, settings: Settings) -> None:
        """Check all new entries of the prediction log, and take them out of it."""
        with connect(settings.online_url) as store:
            while batch := read_batch(store, PREDICTION_STREAM, "0-0", 10_000):
                for _, content in batch:
                    self._take(decode_entry(content))
                trim(store, PREDICTION_STREAM, batch[-1][0])
        for prediction_id in self._entries.keys() & set(self._answers):
            self._compare(prediction_id, self._answers.pop(prediction_id), self._entries.pop(prediction_id))

    def lost(self) -> int:
        """Return how many answers have no entry so far."""
        return len(self._answers)

    def _take(self, entry: PredictionLogEntry) -> None:
        problem = self.known.problem(entry)
        self._entries[entry.prediction_id] = Named(*(getattr(entry, name) for name in Named._fields))
        if entry.reason in STORE_IS_SLOW:
            self.degraded[str(entry.reason)] += 1
        elif entry.snapshot_id != self._epochs.setdefault(entry.snapshot_epoch or 0, entry.snapshot_id or ""):
            problem = f"epoch {entry.snapshot_epoch} is of two snapshots"
        if problem is not None:
            self.wrong.append(problem)
        self.combinations[entry.model_version, entry.snapshot_id or ""] += 1

    def _compare(self, prediction_id: str, answer: Named, entry: Named) -> None:
        self.checked += 1
        if answer != entry:
            self.wrong.append(f"{prediction_id} was answered as {answer} and logged as {entry}")


def _score(bundle: Bundle, value: float) -> float:
    frame = {name: np.full(1, value) for name in bundle.product.stored_columns}
    frame["event_at"] = np.full(1, AS_OF.timestamp())
    return float(score(bundle, frame).score[0])
