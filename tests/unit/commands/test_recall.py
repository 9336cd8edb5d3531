"""A recall takes everything made from a thing from consumers, lets nothing new be made from it, and deletes nothing."""

import dataclasses
import datetime as dt
import json
import shutil
from pathlib import Path

import msgspec
import pytest

from platform_assets.audit.subjects import find_subject
from platform_assets.batch import publication
from platform_assets.batch.consumers import follow_publication
from platform_assets.batch.published_view import current, read_published
from platform_assets.batch.withdrawal import withdraw
from platform_assets.commands.recall_lift import Lifted, lift
from platform_assets.commands.recall_steps import Recalled, Recaller, recall
from platform_assets.errors import NotMaterializedError, RecalledError, VersionRefusedError
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.refusals import is_refused
from platform_assets.lakehouse.publish import publish
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.decisions import Mandate, decisions
from platform_assets.ledger.models import record_model_version
from platform_assets.ledger.notifications import notifications
from platform_assets.ledger.publications import current_publication, publications
from platform_assets.ledger.recalls import record_recall
from platform_assets.monitoring.alerts.message import AlertMessage, as_text, bulletin_of
from platform_assets.registry.rollback import Crew, EndpointFollowed
from platform_assets.rollouts.moves import Pointers, Word, switch_on
from platform_assets.training.examples import make_training_set
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, RAW_DIGEST, WALL, BatchHome, facts, make_home

NO_STORE = "redis://127.0.0.1:1/0"
DAY = dt.timedelta(days=1)
ANN = Mandate(by="ann", at=WALL, reason="the file was cut off")
CREW = Crew(follow=lambda _: EndpointFollowed("silent"), run_id="recall", code_version="c" * 16)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> BatchHome:
    """Two as-of days published from one raw file; the online store is away."""
    home = make_home(tmp_path_factory.mktemp("recall"))
    home.run(AS_OF - 9 * DAY, run_id="run-1")
    home.run(run_id="run-2")
    away = dataclasses.replace(home, settings=dataclasses.replace(home.settings, redis_url=NO_STORE))
    follow_publication(away.settings, away.ledger, away.product, at=WALL)
    return away


@pytest.fixture
def home(made: BatchHome, tmp_path: Path) -> BatchHome:
    shutil.copytree(made.settings.home, tmp_path / "home")
    settings = made.settings.with_home(tmp_path / "home")
    return BatchHome(settings, open_ledger(settings.ledger_dsn), made.product)


def recaller(home: BatchHome, mandate: Mandate = ANN) -> Recaller:
    declared = {home.product.name: home.product}
    return Recaller(home.settings, home.ledger, declared, mandate, facts("recall"), CREW)


def recall_of(home: BatchHome, thing: str) -> Recalled:
    return recall(recaller(home), find_subject(home.ledger, thing))


def lift_of(home: BatchHome, thing: str) -> Lifted:
    return lift(recaller(home), find_subject(home.ledger, thing))


def states(home: BatchHome) -> list[str]:
    return [one.state for one in publications(home.ledger, "churn")]


def input_of(home: BatchHome, as_of: str) -> str:
    digest = next(one.digest for one in publications(home.ledger, "churn") if one.as_of == as_of)
    told = artifact_id("publication", "churn", digest)
    return find_subject(home.ledger, told).inputs[0]


def test_where_nothing_sound_is_left_consumers_read_nothing_and_no_row_is_deleted(home: BatchHome) -> None:
    published, rows = home.settings.published_dir / "churn.parquet", read_table(home.settings.predictions_dir / "churn")
    assert published.exists()
    done = recall_of(home, RAW_DIGEST)
    assert (states(home), len(done.withdrawn)) == (["withdrawn", "withdrawn"], 2)
    assert not published.exists()
    with pytest.raises(NotMaterializedError):
        read_published(home.settings, home.product)
    assert read_table(home.settings.predictions_dir / "churn").equals(rows)
    live = read_live(home.settings.releases_dir, "churn")
    assert live is not None
    assert live.off is not None
    assert live.off.reason.startswith("recall of raw_file:online_retail@")
    assert is_refused(home.settings.releases_dir, "churn", 1)


def test_consumers_go_back_to_the_newest_batch_that_is_sound(home: BatchHome) -> None:
    done = recall_of(home, input_of(home, "2011-12-10"))
    assert states(home) == ["published", "withdrawn"]
    assert current(home.ledger, home.product).as_of == "2011-12-01"
    assert set(read_published(home.settings, home.product).column("as_of").to_pylist()) == {AS_OF - 9 * DAY}
    assert done.products[0].consumers is not None
    assert done.products[0].consumers.shown == current(home.ledger, home.product)
    assert done.products[0].traffic is None  # the release was not made from it, and goes on answering


def test_a_second_call_changes_nothing_and_tells_nobody_again(home: BatchHome) -> None:
    first = recall_of(home, RAW_DIGEST)
    moves = read_live(home.settings.releases_dir, "churn")
    assert first.told == len(notifications(home.ledger)) > 0
    second = recall_of(home, RAW_DIGEST)
    assert (second.withdrawn, second.told, second.was_begun) == ((), 0, True)
    assert read_live(home.settings.releases_dir, "churn") == moves
    assert len(notifications(home.ledger)) == first.told
    verdicts = [one.verdict for one in decisions(home.ledger, "recall")]
    assert verdicts.count("recalled") == 1


def test_the_owner_hears_what_happened_why_to_whom_and_what_to_do(home: BatchHome) -> None:
    recall_of(home, RAW_DIGEST)
    [told] = [one.message for one in notifications(home.ledger) if one.message["audience"] == "owner"]
    assert "10 rows of batches" in told["what"]
    assert told["probable_cause"] == ANN.reason
    assert "platform impact raw_file:online_retail@" in told["next_step"]
    assert any("Marketing automation" in one for one in told["who_is_hurt"])


def test_readers_hear_what_to_do_in_their_own_words_and_nothing_of_the_owner(home: BatchHome) -> None:
    recall_of(home, RAW_DIGEST)
    told = [one for one in notifications(home.ledger) if one.message["audience"] == "consumer"]
    assert {one.address.recipient for one in told} >= {
        "consumer:marketing_automation",
        "consumer:business_intelligence",
    }
    for each in told:
        bulletin = bulletin_of("g", each.address, WALL, [msgspec.convert(each.message, AlertMessage)])
        said = as_text(bulletin) + json.dumps(each.message)
        assert "10 rows of batches" in said
        assert home.product.owner.email in said
        kept = (ANN.reason, "platform ", "raw_file", "docs/", "Marketing automation", "Business intelligence")
        assert [one for one in kept if one in said] == []


def test_nothing_is_scored_or_trained_from_something_recalled(home: BatchHome) -> None:
    recall_of(home, RAW_DIGEST)
    with pytest.raises(RecalledError, match=r"which ann recalled at .* \(the file was cut off\)"):
        home.run(AS_OF + DAY, run_id="run-3")
    with pytest.raises(RecalledError):
        make_training_set(home.settings, home.ledger, home.product, facts())
    assert len(states(home)) == 2


def test_nobody_switches_a_recalled_release_on_again(home: BatchHome) -> None:
    recall_of(home, RAW_DIGEST)
    pointers, word = Pointers(releases_dir=home.settings.releases_dir, fsync=False), Word(by="bob", at=WALL, reason="x")
    with pytest.raises(VersionRefusedError):
        switch_on(pointers, "churn", word)
    assert lift_of(home, RAW_DIGEST).accepted == (("churn", 1),)
    assert switch_on(pointers, "churn", word).off is None


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_version_stays_refused_while_another_recall_hits_its_release(home: BatchHome, *, is_declared: bool) -> None:
    release = home.batch_run().release
    if is_declared:
        record_model_version(
            home.ledger,
            product="churn",
            version=1,
            bundle_digest=release.bundle_digest,
            training_run_id="run-1",
            metrics={},
            gates=[],
            created_at=WALL,
        )
    of_release = artifact_id("release", "churn", release.release_id)
    recall_of(home, of_release)
    recall_of(home, RAW_DIGEST)
    assert lift_of(home, RAW_DIGEST).accepted == ()
    assert is_refused(home.settings.releases_dir, "churn", 1)
    assert lift_of(home, of_release).accepted == (("churn", 1),)
    assert not is_refused(home.settings.releases_dir, "churn", 1)


def test_a_batch_that_is_committed_during_a_recall_is_on_record_and_never_shown(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = find_subject(home.ledger, RAW_DIGEST)

    def recalled_meanwhile(*args: object, **kwargs: object) -> object:
        record_recall(home.ledger, subject.artifact_id, ANN, {})
        return publish(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(publication, "publish", recalled_meanwhile)
    with pytest.raises(RecalledError):
        home.run(AS_OF + DAY, run_id="run-3")
    assert states(home) == ["published", "published", "withdrawn"]
    assert current_publication(home.ledger, "churn", "2011-12-11") is None


def test_what_comes_out_the_same_from_a_sound_file_is_published_again(home: BatchHome) -> None:
    recall_of(home, input_of(home, "2011-12-10"))
    assert states(home) == ["published", "withdrawn"]
    lift_of(home, input_of(home, "2011-12-10"))
    assert states(home) == ["published", "withdrawn"]  # lifting alone brings nothing back
    home.run(run_id="run-3")
    assert states(home) == ["published", "published"]
    assert current(home.ledger, home.product).as_of == "2011-12-10"
    withdrawn = withdraw(home.ledger, home.product, AS_OF.date(), ANN)
    assert withdrawn.shown.as_of == "2011-12-01"


def test_the_same_bytes_from_a_mended_file_are_sound_until_that_one_is_recalled_too(home: BatchHome) -> None:
    recall_of(home, RAW_DIGEST)
    lift_of(home, artifact_id("release", "churn", home.batch_run(version=1).release.release_id))
    with pytest.raises(RecalledError):
        home.run(run_id="run-3")
    mended = home.record("raw_file", home.product.dataset, "e" * 64, [])
    home.write_customers(CUSTOMERS)  # the staging of the mended file is that of the first one, byte for byte
    home.run(run_id="run-4")
    assert states(home) == ["withdrawn", "published"]
    assert len(recall_of(home, mended).withdrawn) == 1
    assert states(home) == ["withdrawn", "withdrawn"]
