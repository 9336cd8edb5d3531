"""A second candidate over a real local MLflow: what the gates of an approval ask of it while another is in force."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import msgspec
import numpy as np
import pyarrow as pa
import pytest

from platform_assets.clock import midnight
from platform_assets.commands.release_records import release_details
from platform_assets.contract.evaluation import Acceptance
from platform_assets.contract.product import Product
from platform_assets.errors import DigestMismatchError, GateRefusedError, NotMaterializedError
from platform_assets.inference.live_pointer import read_live
from platform_assets.ledger.decisions import Mandate, decisions
from platform_assets.ledger.models import get_model_version
from platform_assets.orchestration.training_assets import training_assets
from platform_assets.registry.model_record import model_record
from platform_assets.registry.pair import HALVES, PAIR_TAG
from platform_assets.registry.tracking import tracking_client
from platform_assets.training.acceptance import examine
from platform_assets.training.approval import Approval, approve_version, reject_version, release_newest
from platform_assets.training.candidates import train_candidate
from platform_assets.training.gates import GateResult
from tests.unit.batch.batch_home import facts
from tests.unit.registry.registry_home import RegistryHome, registry_home

WITHOUT = "cancelled_gbp_ratio_365d"


@pytest.fixture
def home(tmp_path: Path) -> RegistryHome:
    """Return a home whose version 1 is in force."""
    made = registry_home(tmp_path / "home")
    made.train()
    assert bring(made, made.product()).is_new
    return made


def bring(home: RegistryHome, product: Product) -> Approval:
    """Train the newest examples and approve what comes of it by the gates alone."""
    train_candidate(home.settings, home.ledger, product, facts())
    return release_newest(home.settings, home.ledger, product, facts())


def gates_of(home: RegistryHome, version: int, product: Product | None = None) -> dict[str, GateResult]:
    judged = examine(home.settings, home.ledger, product or home.product(), version)
    return {gate.kind: gate for gate in judged.gates}


def scored(product: Product, **changes: object) -> Product:
    return msgspec.structs.replace(product, score=msgspec.structs.replace(product.score, **changes))


def teach_the_contrary(home: RegistryHome) -> None:
    """Turn the labels of the training rows round; the test rows keep theirs."""
    table = home.examples
    learned = table.column("as_of").to_numpy() < np.datetime64(
        midnight(home.product().split.cutoff).replace(tzinfo=None)
    )
    label = table.column("label").to_numpy()
    turned = pa.array(np.where(learned, 1.0 - label, label))
    home.use(table.set_column(table.column_names.index("label"), "label", turned))


def version_in_force(home: RegistryHome) -> int:
    live = read_live(home.settings.releases_dir, "churn")
    assert live is not None
    return release_details(home.settings, home.ledger, live.release_id).line.model_version


def tags(home: RegistryHome, version: int) -> list[Mapping[str, Any]]:
    client = tracking_client(home.settings)
    return [
        found.tags
        for half in HALVES
        for found in client.search_model_versions(f"name = 'churn_{half}' and tags.`{PAIR_TAG}` = '{version}'")
    ]


def test_a_candidate_that_loses_against_the_champion_on_the_same_rows_is_refused(home: RegistryHome) -> None:
    teach_the_contrary(home)
    with pytest.raises(GateRefusedError, match=r"auc on all loses at most 0\.2 .*\(version 1\) on the same 40 rows"):
        bring(home, home.product())
    assert version_in_force(home) == 1
    gate = gates_of(home, 2)["champion"]
    assert gate.value is not None
    assert gate.bound is not None
    assert gate.value < gate.bound
    assert get_model_version(home.ledger, "churn", 2).stage == "dev"
    word = Mandate(by="ann", at=facts().at, reason="I like it")
    with pytest.raises(GateRefusedError, match="auc on all loses"):
        approve_version(home.settings, home.ledger, home.product(), 2, facts(), word)


def test_the_loss_that_is_allowed_is_the_declared_one(home: RegistryHome) -> None:
    teach_the_contrary(home)
    product = home.product()
    bold = msgspec.structs.replace(product.acceptance, allowed_loss=0.9)
    assert bring(home, msgspec.structs.replace(product, acceptance=bold)).is_new
    assert version_in_force(home) == 2


def test_a_break_under_the_same_schema_version_is_refused_and_the_next_version_passes(home: RegistryHome) -> None:
    wider = scored(home.product(), high=2.0)
    with pytest.raises(
        GateRefusedError, match=r"score\.high rises from 1 to 2\. Undo that, or raise score\.schema_ver"
    ):
        bring(home, wider)
    assert version_in_force(home) == 1
    approved = bring(home, scored(wider, schema_version=2))
    assert (approved.is_new, approved.release.contract_version) == (True, 2)


def test_a_champion_that_cannot_score_the_examples_is_named_with_the_way_out(home: RegistryHome) -> None:
    product = home.product()
    views = tuple(
        msgspec.structs.replace(use, columns=tuple(name for name in use.columns if name != WITHOUT))
        for use in product.features.views
    )
    narrower = msgspec.structs.replace(product, features=msgspec.structs.replace(product.features, views=views))
    home.use(home.examples.drop_columns([WITHOUT]))
    with pytest.raises(GateRefusedError, match=rf"'{WITHOUT}'.*Acceptance\(with_champion=False\)"):
        bring(home, narrower)
    alone = Acceptance(max_calibration_error=0.5, with_champion=False)
    assert bring(home, msgspec.structs.replace(narrower, acceptance=alone)).is_new


def test_a_champion_whose_bundle_is_damaged_stops_the_approval(home: RegistryHome) -> None:
    use_other_examples(home)
    train_candidate(home.settings, home.ledger, home.product(), facts())
    model = home.settings.bundles_dir / "churn" / "1" / "model.txt"
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(DigestMismatchError, match=r"model\.txt"):
        release_newest(home.settings, home.ledger, home.product(), facts())


def test_a_bundle_that_does_not_answer_as_it_did_in_training_is_refused(home: RegistryHome) -> None:
    use_other_examples(home)
    candidate = train_candidate(home.settings, home.ledger, home.product(), facts())
    path = candidate.bundle.with_name("2.judgement.json")
    told = msgspec.json.decode(path.read_bytes())
    told["known"][0]["score"] = float(np.nextafter(told["known"][0]["score"], 2.0))
    path.write_bytes(msgspec.json.encode(told))
    with pytest.raises(GateRefusedError, match=r"known examples .* scores 0\.\d+, not 0\.\d+"):
        release_newest(home.settings, home.ledger, home.product(), facts())
    del told["known"]  # as earlier code left it
    path.write_bytes(msgspec.json.encode(told))
    assert release_newest(home.settings, home.ledger, home.product(), facts()).is_new


def test_without_its_training_set_a_candidate_cannot_be_compared(home: RegistryHome) -> None:
    use_other_examples(home)
    train_candidate(home.settings, home.ledger, home.product(), facts())
    for path in (home.settings.training_dir / "churn").iterdir():
        path.unlink()
    with pytest.raises(NotMaterializedError, match="churn/training_set"):
        release_newest(home.settings, home.ledger, home.product(), facts())


def test_an_approval_keeps_the_verdict_of_every_gate_with_its_numbers(home: RegistryHome) -> None:
    use_other_examples(home)
    release = bring(home, home.product()).release
    made = decisions(home.ledger, "model_version", "churn 2")[-1]
    told = {gate["kind"]: gate for gate in made.evidence["gates"]}
    assert set(told) == {"declared", "calibration", "champion", "schema", "smoke"}
    assert told["champion"]["bound"] is not None
    assert told["champion"]["low"] <= told["champion"]["high"]
    shown = release_details(home.settings, home.ledger, release.release_id)
    assert shown.gates == made.evidence["verdicts"]
    assert any("of release" in verdict and "(version 1)" in verdict for verdict in shown.gates)
    for of_half in tags(home, 2):
        assert of_half["platform.gates"] == "; ".join(shown.gates)
        assert of_half["platform.decision"].startswith("approved by gates at ")


def test_the_record_has_every_field_of_a_model_registry_in_the_ledger_and_in_mlflow(home: RegistryHome) -> None:
    record = model_record(home.ledger, "churn", 1)
    told = record.facts
    assert told is not None
    bundle = home.settings.bundles_dir / "churn" / "1"
    assert (told.name, told.version, told.framework, told.accuracy_metric) == ("churn", 1, "lightgbm", "auc")
    assert told.accuracy == record.accuracy_metrics["auc"]
    assert {"auc", "brier", "precision", "recall", "f1"} <= set(record.accuracy_metrics)
    assert told.artifact_uri == bundle.as_uri()
    assert told.model_size_bytes == sum(path.stat().st_size for path in bundle.iterdir())
    assert told.input_schema["features"] == list(home.product().model_inputs)
    assert (told.output_schema["kind"], told.output_schema["high"]) == ("probability", 1.0)
    assert told.hyperparameters["num_leaves"] == "7"
    assert (record.stage, record.approved_by) == ("production", "gates")
    for of_half in tags(home, 1):
        assert of_half["platform.model_id"] == told.model_id
        assert of_half["platform.framework"] == "lightgbm"
        assert float(of_half["platform.accuracy"]) == told.accuracy
        assert of_half["platform.training_date"] == told.training_date.isoformat()
        assert of_half["platform.artifact_uri"] == told.artifact_uri
        assert int(of_half["platform.model_size_bytes"]) == told.model_size_bytes
        assert msgspec.json.decode(of_half["platform.input_schema"]) == told.input_schema
        assert msgspec.json.decode(of_half["platform.output_schema"]) == told.output_schema
        assert of_half["platform.stage"] == "production"


def test_a_rejected_version_is_archived_in_ledger_and_mlflow(home: RegistryHome) -> None:
    use_other_examples(home)
    train_candidate(home.settings, home.ledger, home.product(), facts())
    assert {of_half["platform.stage"] for of_half in tags(home, 2)} == {"dev"}
    word = Mandate(by="ann", at=facts().at, reason="unfair to new customers")
    reject_version(home.settings, home.ledger, home.product(), 2, word)
    assert get_model_version(home.ledger, "churn", 2).stage == "archived"
    for of_half in tags(home, 2):
        assert of_half["platform.stage"] == "archived"
        assert of_half["platform.decision"].endswith("unfair to new customers")


def test_dagster_shows_each_gate_and_makes_no_release_after_one_that_fails(home: RegistryHome) -> None:
    teach_the_contrary(home)
    train_candidate(home.settings, home.ledger, home.product(), facts())
    assets = training_assets(home.product(), home.settings)
    chosen = dg.AssetSelection.assets(["churn", "evaluation"], ["churn", "release"])
    done = dg.materialize(assets, selection=chosen, raise_on_error=False)
    checks = {found.check_name: found for found in done.get_asset_check_evaluations()}
    assert {name: check.passed for name, check in checks.items()} == {
        "gate_0": True,
        "gate_calibration": True,
        "gate_champion": False,
        "gate_slices": True,
        "gate_schema": True,
        "gate_smoke": True,
    }
    assert "fails" in (checks["gate_champion"].description or "")
    assert done.asset_materializations_for_node("churn__release") == []
    assert version_in_force(home) == 1


def use_other_examples(home: RegistryHome) -> None:
    home.use(pa.concat_tables([home.examples, home.examples.slice(0, 40)]))
