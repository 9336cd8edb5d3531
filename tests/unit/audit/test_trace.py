"""From a prediction back to the raw file, through everything that it was made from."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.audit.trace import TraceNode, raw_files, trace
from platform_assets.batch.published_view import read_published
from platform_assets.errors import UnknownPredictionError, UnknownRecordError
from platform_assets.lakehouse.publish import append_once
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.manifest import newest
from platform_assets.ledger.publications import publications, record_publication, withdraw_publication
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from tests.unit.batch.batch_home import AS_OF, RAW_DIGEST, WALL, BatchHome, make_home
from tests.unit.serving.test_prediction_log import ENTRY

ONLINE_ID = "churn-20111209-o-0123456789abcdef01234567"
FIRST_BATCH_ID, SECOND_BATCH_ID, LOST_BATCH_ID = (f"{ONLINE_ID[:-1]}{end}" for end in "abc")
SECOND_DIGEST = "2" * 64


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> BatchHome:
    """Give a home with one batch, one online answer and the snapshot that it was made from."""
    made = make_home(tmp_path_factory.mktemp("audit"))
    made.run()
    release = made.batch_run().release
    publish_again(made)
    view = made.product.features.views[0].view
    made.record("online_snapshot", "churn", "5" * 16, [latest(made, view)])
    answers = [
        msgspec.structs.replace(
            ENTRY, prediction_id=ONLINE_ID, release_id=release.release_id, snapshot_id="5" * 16, snapshot_epoch=1
        ),
        msgspec.structs.replace(
            ENTRY, prediction_id=ONLINE_ID[:-1] + "0", release_id=release.release_id, fallback="default_score"
        ),
        # The release that was live then is none that the manifest knows: the chain must not need it.
        *(
            msgspec.structs.replace(
                ENTRY,
                prediction_id=told,
                release_id="live",
                snapshot_id="6" * 16,
                as_of=AS_OF,
                model_version=model_version,
                fallback="last_batch",
                predicted_at=predicted_at,
            )
            for told, model_version, predicted_at in (
                (FIRST_BATCH_ID, 1, WALL),
                (SECOND_BATCH_ID, 1, WALL + dt.timedelta(hours=2)),
                (LOST_BATCH_ID, 9, WALL),
            )
        ),
    ]
    append_once(
        made.settings.prediction_log_dir,
        log_rows(answers),
        app_id="log",
        version=1,
        partition_by=PARTITIONS,
        metadata={},
        fsync=False,
    )
    return made


def publish_again(home: BatchHome) -> None:
    """Put a second revision on record, an hour after the first, that was later withdrawn."""
    first = publications(home.ledger, "churn")[0]
    inputs = get_artifact(home.ledger, artifact_id("publication", "churn", first.digest)).inputs
    home.record("publication", "churn", SECOND_DIGEST, inputs)
    second = record_publication(
        home.ledger,
        product="churn",
        as_of=first.as_of,
        model_version=1,
        revision=2,
        release_id=first.release_id,
        row_count=first.row_count,
        digest=SECOND_DIGEST,
        delta_version=first.delta_version,
        published_at=WALL + dt.timedelta(hours=1),
        run_id="run-2",
    )
    withdraw_publication(home.ledger, second.publication_id)


def latest(home: BatchHome, view: str) -> str:

    return newest(home.ledger, "feature_history", view)[0]


def batch_id(home: BatchHome) -> str:
    return str(read_published(home.settings, home.product).column("prediction_id")[0].as_py())


def nodes(node: TraceNode) -> Iterator[TraceNode]:
    yield node
    for part in node.inputs:
        yield from nodes(part)


def test_a_row_of_a_batch_traces_back_to_its_raw_file(home: BatchHome) -> None:
    found = trace(home.settings, batch_id(home))
    assert raw_files(found) == {"online_retail": RAW_DIGEST}
    assert (found.kind, found.facts["as_of"]) == ("batch prediction", AS_OF.isoformat())
    kinds = {"batch_input", "release", "bundle", "training_set", "feature_history", "staging", "raw_file"}
    assert {node.kind for node in nodes(found)} == {"batch prediction", *kinds}


def test_an_online_answer_traces_back_to_its_snapshot_release_and_raw_file(home: BatchHome) -> None:
    found = trace(home.settings, ONLINE_ID)
    assert found.kind == "online prediction"
    assert [part.kind for part in found.inputs] == ["online_snapshot", "release"]
    assert raw_files(found) == {"online_retail": RAW_DIGEST}


def test_an_answer_that_read_no_snapshot_traces_through_its_release(home: BatchHome) -> None:
    found = trace(home.settings, ONLINE_ID[:-1] + "0")
    assert [part.kind for part in found.inputs] == ["release"]
    assert raw_files(found) == {"online_retail": RAW_DIGEST}


def test_an_answer_from_the_last_batch_traces_through_the_publication_that_it_was_taken_from(home: BatchHome) -> None:
    first = trace(home.settings, FIRST_BATCH_ID)
    assert first.kind == "online prediction"
    digest = publications(home.ledger, "churn")[0].digest
    assert [part.id for part in first.inputs] == [artifact_id("publication", "churn", digest)]
    assert [part.kind for part in first.inputs[0].inputs] == ["batch_input", "release"]
    assert raw_files(first) == {"online_retail": RAW_DIGEST}


def test_an_answer_from_the_last_batch_traces_through_the_newest_revision_before_it(home: BatchHome) -> None:
    second = trace(home.settings, SECOND_BATCH_ID)
    assert [part.id for part in second.inputs] == [artifact_id("publication", "churn", SECOND_DIGEST)]


def test_an_answer_from_a_batch_that_the_ledger_does_not_know_is_not_traced_through_another(home: BatchHome) -> None:
    with pytest.raises(UnknownRecordError, match="churn as of 2011-12-10 version 9"):
        trace(home.settings, LOST_BATCH_ID)


def test_a_thing_that_stands_in_a_chain_twice_is_told_once_and_then_named(home: BatchHome) -> None:
    found = [node for node in nodes(trace(home.settings, batch_id(home))) if node.id.startswith("staging:")]
    assert [node.is_repeated for node in found] == [False, *[True] * (len(found) - 1)]
    assert len(found) > 1
    assert [bool(node.inputs) for node in found] == [not node.is_repeated for node in found]
    assert len({node.digest for node in found}) == 1


def test_facts_of_a_prediction_are_text_and_leave_out_what_is_absent(home: BatchHome) -> None:
    found = trace(home.settings, ONLINE_ID)
    assert found.facts["predicted_at"] == ENTRY.predicted_at.isoformat()
    assert "label" not in found.facts


@pytest.mark.parametrize(
    "told",
    [
        "",
        "nonsense",
        "churn-20111210-x-0123",
        "churn-20111399-b-0123",
        "churn-20111210-b-ffffffffffffffffffffffff",
        "churn-20111209-o-ffffffffffffffffffffffff",
        "parking_demand-20111210-b-ffffffffffffffffffffffff",
        "../predictions/churn-20111210-b-ffffffffffffffffffffffff",
        "churn\0-20111210-b-ffffffffffffffffffffffff",
    ],
)
def test_an_id_that_is_nowhere_or_none_is_unknown(home: BatchHome, told: str) -> None:
    with pytest.raises(UnknownPredictionError):
        trace(home.settings, told)


def test_in_an_empty_home_every_id_is_unknown(home: BatchHome, tmp_path: Path) -> None:
    for told in (batch_id(home), ONLINE_ID):
        with pytest.raises(UnknownPredictionError):
            trace(home.settings.with_home(tmp_path), told)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(product=st.text(max_size=12), day=st.dates(min_value=dt.date(1000, 1, 1)), end=st.text(max_size=8))
def test_no_text_breaks_the_search(home: BatchHome, product: str, day: dt.date, end: str) -> None:
    for mode in "bo":
        with pytest.raises(UnknownPredictionError):
            trace(home.settings, f"{product}-{day:%Y%m%d}-{mode}-{end}")
