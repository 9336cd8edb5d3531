"""What the run history shows of a move: words, numbers and the evidence, of whoever moved."""

import datetime as dt
import json

import dagster as dg
import msgspec
import pytest

from platform_assets.ledger.traffic_moves import TrafficMove
from platform_assets.orchestration.rollout_metadata import metadata_of
from tests.unit.experiments.rollout_samples import evidence, seen
from tests.unit.ledger.test_traffic_moves import move

AT = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


def text_of(told: TrafficMove, name: str) -> str:
    value = metadata_of(told)[name]
    assert isinstance(value, dg.MarkdownMetadataValue)
    return value.md_str or ""


def test_findings_are_a_table_and_the_facts_are_plain() -> None:
    told = metadata_of(move(2))
    assert (told["decision"], told["by"], told["share"], told["step"]) == ("rollout_advanced", "driver", 0.05, "canary")
    assert text_of(move(2), "findings").splitlines()[-1] == "| drift | passed | 0.01 |"


def test_what_the_endpoint_keeps_of_a_summary_is_told_in_the_same_figures() -> None:
    kept = json.loads(msgspec.json.encode(evidence(seen(200, 6))))
    lines = text_of(msgspec.structs.replace(move(2), evidence=kept), "figures").splitlines()
    assert lines[0].startswith("| release | answers | errors | error_rate |")
    assert lines[2].startswith("| candidate | 200 | 6 | 0.03 |")


def test_the_time_since_the_first_bad_answer_is_told_where_it_is_known() -> None:
    known = msgspec.structs.replace(move(2), moved_at=AT, evidence={"first_bad_at": "2026-03-01T08:59:58.500Z"})
    assert metadata_of(known)["seconds_from_first_bad_answer"] == pytest.approx(1.5)
    assert "seconds_from_first_bad_answer" not in metadata_of(move(2))


def test_what_is_known_of_outcomes_is_told_beside_the_figures() -> None:
    known = msgspec.structs.replace(move(2), evidence={"labels": "of outcomes that are known by now"})
    assert metadata_of(known)["labels"] == "of outcomes that are known by now"


def test_a_move_without_evidence_shows_none() -> None:
    bare = metadata_of(msgspec.structs.replace(move(2), evidence={}, candidate=None))
    assert not {"findings", "figures", "evidence", "candidate"} & bare.keys()
