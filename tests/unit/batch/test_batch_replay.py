"""A published batch scored again from its inputs: the same as-of gives the same result, and a change is named."""

import datetime as dt
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.batch.replay import replay_batch
from platform_assets.errors import DigestMismatchError, InputsUnusableError, NotMaterializedError
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, BatchHome, make_home

DAY = AS_OF.date()


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    made = make_home(tmp_path)
    made.run()
    return made


def table_file(home: BatchHome) -> Path:
    return next((home.settings.predictions_dir / "churn").rglob("*.parquet"))


def change_column(home: BatchHome, name: str, values: list[object]) -> None:
    stored = pq.ParquetFile(table_file(home)).read()
    column = pa.array(values, stored.schema.field(name).type)
    pq.write_table(stored.set_column(stored.column_names.index(name), name, column), table_file(home))


def test_the_same_as_of_gives_the_same_batch_and_the_same_inputs(home: BatchHome) -> None:
    told = replay_batch(home.settings, home.ledger, home.product, DAY)
    assert told.is_exact
    assert told.recorded_digest == told.replayed_digest == told.table_digest
    assert (told.rows, told.differing_columns, told.inputs_again) == (len(CUSTOMERS), (), "equal")


def test_a_batch_stays_exact_and_names_what_the_sources_give_differently_now(home: BatchHome) -> None:
    home.write_customers([*CUSTOMERS, "16"])
    told = replay_batch(home.settings, home.ledger, home.product, DAY)
    assert told.is_exact
    assert told.inputs_again == "differs"
    assert told.inputs_problem == "6 rows now, 5 then: the sources have changed since"


def test_a_correction_that_became_known_later_does_not_change_what_an_as_of_gives(home: BatchHome) -> None:
    corrected = AS_OF - dt.timedelta(days=1)
    home.write_features(dict.fromkeys(CUSTOMERS, 7.5), day=corrected, known_at=AS_OF + dt.timedelta(hours=5))
    assert replay_batch(home.settings, home.ledger, home.product, DAY).inputs_again == "equal"


def test_a_score_that_was_changed_in_the_table_differs_from_the_recorded_digest(home: BatchHome) -> None:
    scores = pq.ParquetFile(table_file(home)).read().column("score").to_pylist()
    change_column(home, "score", [math.nextafter(scores[0], 1.0), *scores[1:]])
    told = replay_batch(home.settings, home.ledger, home.product, DAY)
    assert not told.is_exact
    assert told.replayed_digest == told.recorded_digest != told.table_digest
    assert told.differing_columns == ("score",)


def test_a_label_that_was_changed_in_the_table_is_named(home: BatchHome) -> None:
    change_column(home, "label", ["likely_to_fly"] * len(CUSTOMERS))
    told = replay_batch(home.settings, home.ledger, home.product, DAY)
    assert (told.is_exact, told.differing_columns) == (False, ("label",))


def test_a_batch_without_its_inputs_or_with_another_bundle_is_not_replayed(home: BatchHome) -> None:
    model = home.settings.bundles_dir / "churn" / "1" / "model.txt"
    model.write_bytes(model.read_bytes().replace(b"split_gain", b"spLit_gain", 1))
    with pytest.raises(DigestMismatchError):
        replay_batch(home.settings, home.ledger, home.product, DAY)
    model.write_bytes(model.read_bytes().replace(b"spLit_gain", b"split_gain", 1))
    next((home.settings.lake_dir / "batch_inputs").rglob("*.parquet")).unlink()
    with pytest.raises(InputsUnusableError, match="cannot be read"):
        replay_batch(home.settings, home.ledger, home.product, DAY)


def test_a_day_without_a_published_batch_has_none_to_replay(home: BatchHome) -> None:
    with pytest.raises(NotMaterializedError, match="as of 2011-01-01"):
        replay_batch(home.settings, home.ledger, home.product, DAY.replace(month=1, day=1))
