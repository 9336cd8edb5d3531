"""What is told of one prediction beside its chain, as data and as a page, also when parts of it are gone."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from platform_assets.audit.evidence import Evidence, gather_evidence
from platform_assets.audit.trace_page import trace_page
from platform_assets.batch.inputs import load_inputs
from platform_assets.batch.published_view import read_published
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.decisions import Mandate, record_decision
from platform_assets.ledger.manifest import newest
from platform_assets.ledger.models import approve_model_version, record_model_version
from platform_assets.ledger.publications import publications
from platform_assets.ledger.recalls import record_recall
from platform_assets.ledger.traffic_moves import TrafficMove, record_traffic_move
from tests.unit.audit.audit_home import DAY, SNAPSHOT, answers, log_answers, two_days
from tests.unit.batch.batch_home import AS_OF, WALL, BatchHome

EVIL = '<script>alert("x")</script>&<img src=http://evil.example/x onerror=alert(1)>'
LIVE_ID, BATCH_ANSWER_ID = (f"churn-20111210-o-0123456789abcdef0123{end}" for end in ("aaa1", "aaa2"))
APPROVED = Mandate(by="ann", at=WALL, reason=f"better than before {EVIL}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> BatchHome:
    """Give a home whose model version is approved, with answers by the model and from the last batch."""
    made = two_days(tmp_path_factory.mktemp("evidence"))
    release, ledger = made.batch_run().release, made.ledger
    record_model_version(
        ledger,
        product="churn",
        version=1,
        bundle_digest=release.bundle_digest,
        training_run_id="mlflow-1",
        metrics={"auc": 0.8125},
        gates=[{"gate": "auc", "minimum": 0.5, "value": 0.8125, "is_passed": True}],
        created_at=WALL,
    )
    approve_model_version(ledger, "churn", 1, approved_by="ann", approved_at=WALL, reason=APPROVED.reason)
    record_decision(ledger, APPROVED, kind="model_version", subject="churn 1", verdict="approved", evidence={})
    record_traffic_move(ledger, move(1, "rollout_advanced", share=0.25, release_id="before", at=WALL))
    record_traffic_move(ledger, move(2, "rollout_completed", share=None, release_id="later", at=WALL + 2 * DAY))
    numbers = [float(place) for place in range(len(made.product.stored_columns))]
    told = {"release_id": release.release_id, "predicted_at": WALL + DAY}
    log_answers(
        made.settings,
        [
            *answers(
                ["aaa1"], **told, snapshot_id=SNAPSHOT, features=numbers, experiment_id="r-1", variant="candidate"
            ),
            *answers(
                ["aaa2"], **told, fallback="last_batch", as_of=AS_OF, model_version=1, row_keys={"customer_id": "13"}
            ),
        ],
        version=2,
    )
    return made


def move(sequence: int, kind: str, **facts: object) -> TrafficMove:
    defaults = {
        "candidate": "c",
        "rollout_id": "r-1",
        "step": "quarter",
        "moved_by": "driver",
        "reason": "",
        "evidence": {},
    }
    told = {**defaults, **facts}
    return TrafficMove(product="churn", sequence=sequence, kind=kind, moved_at=told.pop("at"), **told)  # type: ignore[arg-type]


def row_of(home: BatchHome, customer: str) -> dict[str, object]:
    rows = read_published(home.settings, home.product).to_pylist()
    return next(row for row in rows if row["customer_id"] == customer)


def values(evidence: Evidence) -> dict[str, str]:
    return {one.name: one.value for one in evidence.values}


def test_the_values_of_a_row_are_those_that_it_was_scored_from_with_the_build_of_their_view(home: BatchHome) -> None:
    inputs = pq.read_table(load_inputs(home.settings, home.product, AS_OF).path).to_pylist()
    for expected in inputs:
        evidence = gather_evidence(home.settings, str(row_of(home, expected["customer_id"])["prediction_id"]))
        told = values(evidence)
        assert told["order_count"] == str(expected["order_count"])
        assert set(told) == {"customer_id", *home.product.stored_columns}
    view = home.product.features.views[0].view
    assert {one.build for one in evidence.values if one.source == view} == set(
        newest(home.ledger, "feature_history", view)
    )


def test_model_training_approval_guardrails_and_readers_of_a_row_are_told(home: BatchHome) -> None:
    evidence = gather_evidence(home.settings, str(row_of(home, "13")["prediction_id"]))
    model = evidence.model
    assert model is not None
    assert (model.version, model.metrics, model.approved_by) == (1, {"auc": 0.8125}, "ann")
    assert model.configuration["recipe.seed"] == "20111209"
    assert model.training_set["sha256"] == "a" * 64
    assert evidence.meaning["what it says"] == home.product.score.meaning
    assert {"schema", "coverage", "row_count"} <= {one.guardrail for one in evidence.guardrails}
    assert [one.verdict for one in evidence.decisions] == ["approved"]
    assert {one.consumer: one.purposes for one in evidence.readers}["marketing_automation"] == ("retention_offers",)
    assert evidence.missing == ()


def test_an_answer_tells_what_the_model_saw_and_which_share_of_the_traffic_its_release_had(home: BatchHome) -> None:
    evidence = gather_evidence(home.settings, LIVE_ID)
    assert values(evidence)["order_count"] == str(float(home.product.stored_columns.index("order_count")))
    assert (evidence.traffic["variant"], evidence.traffic["its share"]) == ("candidate", "0.25")
    assert evidence.traffic["release in force"] == "before"  # not the one of a later move
    assert evidence.readers[0].consumer == "retention_desk"


def test_an_answer_from_the_last_batch_tells_the_row_and_the_values_that_it_came_from(home: BatchHome) -> None:
    evidence = gather_evidence(home.settings, BATCH_ANSWER_ID)
    row = row_of(home, "13")
    assert values(evidence)["batch prediction"] == row["prediction_id"]
    assert values(evidence)["customer_id"] == "13"
    assert len(evidence.guardrails) > 5


def test_a_recalled_origin_and_a_withdrawn_batch_are_told(home: BatchHome, tmp_path: Path) -> None:
    shutil.copytree(home.settings.home, tmp_path / "home")
    settings = home.settings.with_home(tmp_path / "home")
    ledger, batch = open_ledger(settings.ledger_dsn), publications(home.ledger, "churn")[-1]
    record_recall(ledger, artifact_id("publication", "churn", batch.digest), APPROVED, {})
    told = str(row_of(home, "13")["prediction_id"])
    assert gather_evidence(settings, told).recall is None  # the batch is, what it was made from is not
    record_recall(ledger, gather_evidence(settings, told).chain.inputs[0].id, APPROVED, {})
    page = trace_page(gather_evidence(settings, told))
    assert "Recalled." in page


def test_what_is_gone_is_named_and_the_rest_is_told(home: BatchHome, tmp_path: Path) -> None:
    shutil.copytree(home.settings.home, tmp_path / "home")
    settings = home.settings.with_home(tmp_path / "home")
    told = str(row_of(home, "13")["prediction_id"])
    shutil.rmtree(settings.bundles_dir)
    evidence = gather_evidence(settings, told)
    assert (evidence.model, evidence.values) == (None, ())
    assert [line.partition(":")[0] for line in evidence.missing] == ["model and meaning", "values"]
    assert evidence.chain.inputs


class Tags(HTMLParser):
    """Collects the elements of a page and their attributes."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.seen.append((tag, dict(attrs)))


def test_the_page_needs_no_other_host_and_runs_nothing_whatever_was_recorded(home: BatchHome) -> None:
    page = trace_page(gather_evidence(home.settings, str(row_of(home, "13")["prediction_id"])))
    parsed = Tags()
    parsed.feed(page)
    assert {tag for tag, _ in parsed.seen} & {"script", "img", "link", "iframe", "a", "form", "object"} == set()
    assert not [
        name for _, attributes in parsed.seen for name in attributes if name.startswith("on") or name in {"src", "href"}
    ]
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in page
    policy = next(each["content"] for tag, each in parsed.seen if "http-equiv" in each)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"url\(|@import", page)
    assert "@media print" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_says_what_the_data_say_and_the_same_data_give_the_same_bytes(home: BatchHome) -> None:
    evidence = gather_evidence(home.settings, LIVE_ID)
    page = trace_page(evidence)
    assert page == trace_page(gather_evidence(home.settings, LIVE_ID))
    for told in (*evidence.meaning.values(), evidence.replay_command, evidence.prediction["score"], SNAPSHOT):
        assert told.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#x27;") in page
    again = msgspec.json.decode(msgspec.json.encode(evidence), type=Evidence)
    assert trace_page(again) == page
