"""Approval over a real local MLflow: gates decide, and file, ledger and alias name the same release."""

from pathlib import Path

import pyarrow as pa
import pytest

from platform_assets.contract.names import ALIAS
from platform_assets.errors import GateRefusedError, NotMaterializedError
from platform_assets.inference.live_pointer import move_live, read_live
from platform_assets.inference.release import read_release
from platform_assets.ledger.decisions import Mandate, decisions
from platform_assets.ledger.models import get_model_version
from platform_assets.ledger.releases import live_pointer, pointer_moves, releases
from platform_assets.registry import in_force
from platform_assets.registry.in_force import follow_pointer
from platform_assets.registry.pair import HALVES, PAIR_TAG
from platform_assets.registry.tracking import tracking_client
from platform_assets.training.approval import Approval, approve_version, release_newest
from platform_assets.training.candidates import read_judgement
from platform_assets.training.evaluation_report import report_newest
from tests.unit.batch.batch_home import facts
from tests.unit.registry.registry_home import FAILING, PASSING, RegistryHome, registry_home


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def home(tmp_path: Path) -> RegistryHome:
    return registry_home(tmp_path / "home")


def approve(home: RegistryHome, *, passing: bool = True) -> Approval:
    gates = PASSING if passing else FAILING
    return release_newest(home.settings, home.ledger, home.product(gates), facts())


def in_force_everywhere(home: RegistryHome) -> set[int]:
    """Return the model versions that file, ledger and both aliases name."""
    live, known = read_live(home.settings.releases_dir, "churn"), live_pointer(home.ledger, "churn")
    assert live is not None
    assert known is not None
    assert known.release_id == live.release_id
    client = tracking_client(home.settings)
    aliased = [client.get_model_version_by_alias(f"churn_{half}", ALIAS).tags[PAIR_TAG] for half in HALVES]
    release = read_release(home.settings.releases_dir, "churn", live.release_id)
    assert get_model_version(home.ledger, "churn", release.model_version).stage == "production"
    return {release.model_version, *(int(version) for version in aliased)}


def use_more_examples(home: RegistryHome) -> None:
    home.use(pa.concat_tables([home.examples, home.examples.slice(0, 40)]))


def test_a_candidate_whose_gates_hold_comes_into_force_in_file_ledger_and_alias(home: RegistryHome) -> None:
    home.train()
    approval = approve(home)
    assert approval.is_new
    assert approval.release.reason == "all 5 gates hold"
    assert in_force_everywhere(home) == {1}
    assert get_model_version(home.ledger, "churn", 1).approved_by == "gates"


def test_a_repeat_changes_nothing(home: RegistryHome) -> None:
    home.train()
    first = approve(home)
    again = approve(home)
    assert (again.release, again.is_new) == (first.release, False)
    assert len(releases(home.ledger, "churn")) == len(pointer_moves(home.ledger, "churn")) == 1
    assert [path.name for path in (home.settings.releases_dir / "churn").glob("*.json")].count("live.json") == 1


def test_a_failed_gate_refuses_and_the_release_before_stays_in_force(home: RegistryHome) -> None:
    home.train()
    before = approve(home).release
    use_more_examples(home)
    home.train(gates=FAILING)
    with pytest.raises(GateRefusedError, match="auc"):
        approve(home, passing=False)
    live = read_live(home.settings.releases_dir, "churn")
    assert live is not None
    assert live.release_id == before.release_id
    assert in_force_everywhere(home) == {1}
    assert get_model_version(home.ledger, "churn", 2).approved_by is None


def test_a_person_cannot_approve_what_a_gate_refuses(home: RegistryHome) -> None:
    home.train(gates=FAILING)
    word = Mandate(by="ann", at=facts().at, reason="it is urgent")
    with pytest.raises(GateRefusedError, match="auc"):
        approve_version(home.settings, home.ledger, home.product(FAILING), 1, facts(), word)
    assert read_live(home.settings.releases_dir, "churn") is None
    assert decisions(home.ledger, "model_version") == []


def test_a_newer_candidate_that_passes_replaces_the_release_and_the_older_is_kept(home: RegistryHome) -> None:
    home.train()
    approve(home)
    use_more_examples(home)
    home.train()
    assert approve(home).is_new
    assert in_force_everywhere(home) == {2}
    assert {one.model_version for one in releases(home.ledger, "churn")} == {1, 2}
    assert get_model_version(home.ledger, "churn", 1).stage == "deprecated"


def test_an_approval_that_died_after_the_pointer_moved_is_completed(
    home: RegistryHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    home.train()
    with monkeypatch.context() as patched:
        patched.setattr(in_force, "move_pointer", die)
        with pytest.raises(Killed):
            approve(home)
    assert live_pointer(home.ledger, "churn") is None
    assert not approve(home).is_new
    assert in_force_everywhere(home) == {1}


def test_a_move_back_of_the_pointer_is_followed_by_ledger_stage_and_alias(home: RegistryHome) -> None:
    home.train()
    first = approve(home).release
    use_more_examples(home)
    home.train()
    approve(home)
    move_live(
        home.settings.releases_dir,
        "churn",
        expected_sequence=2,
        release_id=first.release_id,
        moved_at=facts().at,
        fsync=False,
    )
    follow_pointer(home.settings, home.ledger, "churn", facts(), moved_by="endpoint", reason="it refused")
    assert in_force_everywhere(home) == {1}
    assert [move.moved_by for move in pointer_moves(home.ledger, "churn")] == ["gates", "gates", "endpoint"]


def test_a_release_that_was_put_aside_for_an_older_one_is_not_put_in_force_again(home: RegistryHome) -> None:
    home.train()
    first = approve(home).release
    use_more_examples(home)
    home.train()
    second = approve(home).release
    releases_dir = home.settings.releases_dir
    move_live(releases_dir, "churn", expected_sequence=2, release_id=first.release_id, moved_at=facts().at)

    again = approve(home)

    assert second.release_id != first.release_id
    assert (again.release, again.is_new) == (first, False)
    assert in_force_everywhere(home) == {first.model_version}


def test_without_a_candidate_there_is_nothing_to_release_or_report(home: RegistryHome) -> None:
    with pytest.raises(NotMaterializedError, match="churn/model"):
        approve(home)
    with pytest.raises(NotMaterializedError, match="churn/model"):
        report_newest(home.settings, home.ledger, home.product(), facts())


def test_a_candidate_that_died_before_it_was_measured_is_not_released_but_completed(home: RegistryHome) -> None:
    candidate = home.train()
    judgement = candidate.bundle.with_name("1.judgement.json")
    before = read_judgement(candidate.bundle)
    judgement.unlink()
    with pytest.raises(NotMaterializedError, match="judgement"):
        approve(home)
    assert home.train().manifest == candidate.manifest
    assert read_judgement(candidate.bundle) == before


def test_the_report_tells_every_measurement_and_its_digest_does_not_depend_on_the_run(home: RegistryHome) -> None:
    home.train()
    first = report_newest(home.settings, home.ledger, home.product(), facts("run-1"))
    again = report_newest(home.settings, home.ledger, home.product(), facts("run-2"))
    assert (first.digest, first.artifact) == (again.digest, again.artifact)
    assert first.model_version == 1
    assert first.judgement.evaluation.measurements
