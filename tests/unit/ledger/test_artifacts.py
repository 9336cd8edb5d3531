"""The manifest: content-addressed, without gaps, walkable both ways."""

import datetime as dt
from collections.abc import Sequence

import pytest

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.artifacts import (
    ArtifactKind,
    artifact_id,
    artifacts,
    get_artifact,
    latest_artifact,
    record_artifact,
    walk_back,
    walk_forward,
)
from platform_assets.ledger.database import Ledger

AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def record(ledger: Ledger, kind: ArtifactKind, digest: str, inputs: Sequence[str] = (), uri: str = "u") -> str:
    return record_artifact(
        ledger,
        kind=kind,
        name="churn",
        digest=digest,
        uri=uri,
        inputs=inputs,
        run_id="run",
        code_version="1",
        created_at=AT,
        details={"rows": 3},
    )


def test_the_id_is_kind_name_and_content(ledger: Ledger) -> None:
    told = record(ledger, "model", "0123456789abcdef" * 4)
    assert told == artifact_id("model", "churn", "0123456789abcdef" * 4) == "model:churn@0123456789abcdef"


def test_an_artifact_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    raw, other = record(ledger, "raw_file", "aa"), record(ledger, "raw_file", "bb")
    found = get_artifact(ledger, record(ledger, "staging", "cc", [other, raw]))
    assert found.inputs == (other, raw)
    assert (found.details, found.created_at, found.run_id) == ({"rows": 3}, AT, "run")


def test_the_first_record_of_the_same_content_stays(ledger: Ledger) -> None:
    record(ledger, "raw_file", "aa", uri="first")
    told = record(ledger, "raw_file", "aa", uri="second")
    assert get_artifact(ledger, told).uri == "first"
    assert len(artifacts(ledger, "raw_file", "churn")) == 1


def test_an_input_that_is_not_recorded_is_named(ledger: Ledger) -> None:
    with pytest.raises(UnknownRecordError, match="raw_file:churn@zz"):
        record(ledger, "staging", "aa", ["raw_file:churn@zz"])
    assert latest_artifact(ledger, "staging", "churn") is None


def test_the_latest_is_the_one_made_last_also_when_it_was_made_before(ledger: Ledger) -> None:
    newest = record(ledger, "model", "aa")
    record(ledger, "model", "bb")
    record(ledger, "model", "aa")
    found = latest_artifact(ledger, "model", "churn")
    assert found is not None
    assert found.artifact_id == newest
    assert latest_artifact(ledger, "evaluation", "churn") is None


def test_the_chain_can_be_walked_to_the_raw_input_and_back(ledger: Ledger) -> None:
    raw, unrelated = record(ledger, "raw_file", "aa"), record(ledger, "raw_file", "bb")
    staging = record(ledger, "staging", "cc", [raw])
    training, batch = record(ledger, "training_set", "dd", [staging]), record(ledger, "batch_input", "ee", [staging])
    model = record(ledger, "model", "ff", [training])
    publication = record(ledger, "publication", "gg", [model, batch])
    back = [one.artifact_id for one in walk_back(ledger, publication)]
    assert back == [publication, model, batch, training, staging, raw]
    assert [one.artifact_id for one in walk_forward(ledger, raw)] == back[::-1]
    assert [one.artifact_id for one in walk_forward(ledger, unrelated)] == [unrelated]


def test_walking_from_an_unknown_id_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UnknownRecordError, match="nothing"):
        walk_back(ledger, "nothing")


def test_an_artifact_of_many_inputs_keeps_all_of_them(ledger: Ledger) -> None:
    with ledger.transaction():
        raw = [record(ledger, "raw_file", f"{number:04}") for number in range(1_100)]
        told = record(ledger, "staging", "aa", raw)
    assert get_artifact(ledger, told).inputs == tuple(raw)
    assert len(walk_back(ledger, told)) == 1_101
