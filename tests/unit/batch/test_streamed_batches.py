"""A batch goes through in chunks: whatever their size, it says the same to the last bit and in the same order."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.batch import chunks, flow
from platform_assets.batch.chunks import ChunkScorer
from platform_assets.batch.digest import batch_digest, digest_of_file
from platform_assets.batch.guarding import evidence
from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.batch.inputs import load_inputs
from platform_assets.batch.published_view import read_published
from platform_assets.batch.rows import BatchIdentity, with_digest
from platform_assets.batch_settings import BatchSettings
from platform_assets.contract.score import ScoreKind
from platform_assets.features.memory_database import Bounds
from platform_assets.features.point_in_time import join_features
from platform_assets.features.population import run_population
from platform_assets.inference.bundle import load_bundle
from tests.unit.batch.batch_home import AS_OF, BatchHome, facts, make_home
from tests.unit.batch.guard_samples import every_guardrail_on, sound_evidence
from tests.unit.batch.poisons import Poison, poisons_of
from tests.unit.serving.conftest import product_named

FEW = tuple(f"c{number:04}" for number in range(45))
MANY = tuple(f"c{number:04}" for number in range(1300))
KINDS: dict[ScoreKind, str] = {"probability": "churn", "class": "segments"}
CASES = [(kind, poison) for kind in KINDS for poison in poisons_of(kind)[::8]]
SIZES = [(FEW, 1), (FEW, 7), (FEW, 10_000), (MANY, 1000), (MANY, 10_000)]


def home_of(root: Path, names: tuple[str, ...], chunk_rows: int) -> BatchHome:
    """Return a home whose batches are scored in chunks; every eleventh customer has no features."""
    made = make_home(root)
    made.write_customers(names)
    values = {name: place / 7 - 3 for place, name in enumerate(names) if place % 11}
    made.write_features(values, day=AS_OF, known_at=AS_OF)
    return replace(made, settings=replace(made.settings, batch=BatchSettings(chunk_rows=chunk_rows)))


def joined_at_once(home: BatchHome) -> pa.Table:
    population = run_population(home.settings, home.product, home.product.batch.population, [AS_OF])
    return join_features(home.settings, home.product, population)


def scored_at_once(home: BatchHome, artifact: str) -> pa.Table:
    """Return the rows of the batch as one call gives them for one table of all inputs."""
    run = home.batch_run()
    bundle = load_bundle(home.settings.home / run.release.bundle_path)
    identity = BatchIdentity(
        as_of=AS_OF,
        release=run.release,
        training_run_id=bundle.manifest.training_run_id,
        feature_version=bundle.manifest.feature_version,
        input_artifact=artifact,
        run_id=facts().run_id,
        predicted_at=facts().at,
    )
    return ChunkScorer(bundle, identity).score(joined_at_once(home))


def counted(really: Callable[..., object], name: str, calls: list[str]) -> Callable[..., object]:
    """Return the function, whose calls are counted by its name."""

    def call(*args: object, **rest: object) -> object:
        calls.append(name)
        return really(*args, **rest)

    return call


@pytest.mark.parametrize(("names", "chunk_rows"), SIZES)
def test_a_batch_in_chunks_is_the_batch_at_once_to_the_last_bit(
    tmp_path: Path, names: tuple[str, ...], chunk_rows: int
) -> None:
    home = home_of(tmp_path, names, chunk_rows)
    outcome = home.run()
    assert outcome.published is not None
    expected = scored_at_once(home, outcome.input_artifact)
    digest = batch_digest(expected, as_of=AS_OF, input_artifact=outcome.input_artifact)
    assert outcome.published.record.digest == digest
    published = read_published(home.settings, home.product)
    whole = with_digest(expected, digest)
    assert published.select(whole.column_names).cast(whole.schema).equals(whole)
    assert outcome.rows == published.num_rows == len(names)


@pytest.mark.parametrize(("names", "chunk_rows"), SIZES)
def test_the_file_of_the_inputs_does_not_show_in_what_parts_they_came(
    tmp_path: Path, names: tuple[str, ...], chunk_rows: int
) -> None:
    home = home_of(tmp_path, names, chunk_rows)
    sink = pa.BufferOutputStream()
    pq.write_table(joined_at_once(home), sink, compression="zstd", row_group_size=32_768)
    inputs = load_inputs(home.settings, home.product, AS_OF, Bounds(64, tmp_path))
    assert inputs.digest == hashlib.sha256(sink.getvalue().to_pybytes()).hexdigest()
    assert inputs.num_rows == len(names)


def test_the_model_and_its_explainer_are_loaded_once_for_all_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    for module, name in ((flow, "load_bundle"), (chunks, "load_explainer")):
        monkeypatch.setattr(module, name, counted(getattr(module, name), name, loaded))
    home = home_of(tmp_path, FEW, chunk_rows=7)
    assert home.run().rows == len(FEW)
    assert loaded == ["load_bundle", "load_explainer"]


@pytest.mark.parametrize("memory_mib", [64, 1024])
def test_the_digest_of_a_file_is_that_of_its_rows_in_memory(tmp_path: Path, memory_mib: int) -> None:
    ids = [f"churn-20111210-b-{number * 7919 % 4001:05}" for number in range(6000)]  # some are there twice
    scores = [None if number % 13 == 0 else number / 6000 for number in range(6000)]
    rows = pa.table({"prediction_id": ids, "score": pa.array(scores, pa.float64())})
    pq.write_table(rows, tmp_path / "rows.parquet")
    bounds = Bounds(memory_mib, tmp_path)
    found = digest_of_file(tmp_path / "rows.parquet", as_of=AS_OF, input_artifact="made", bounds=bounds)
    assert found == batch_digest(rows, as_of=AS_OF, input_artifact="made")


@pytest.mark.parametrize(
    ("kind", "poison"), [pytest.param(kind, poison, id=f"{kind}: {poison.name}") for kind, poison in CASES]
)
def test_verdicts_do_not_depend_on_the_parts_in_which_the_rows_were_looked_at(
    kind: ScoreKind, poison: Poison, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = sound_evidence(every_guardrail_on(product_named(KINDS[kind])))
    at_once = judge_batch(poison.poison(sound))
    monkeypatch.setattr(evidence, "ROWS_TOGETHER", 701)
    assert judge_batch(poison.poison(sound)) == at_once
