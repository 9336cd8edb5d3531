"""What `platform releases` refuses, tells and records; nothing that was refused has changed anything."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from platform_assets.clock import wall_now
from platform_assets.errors import ReleaseConflictError, RollbackUnfinishedError
from platform_assets.inference.live_pointer import move_live
from platform_assets.ledger.decisions import Mandate, decisions
from platform_assets.ledger.releases import pointer_moves
from platform_assets.online.snapshot_copy import copy_path
from platform_assets.registry.rollback import Crew, EndpointFollowed, Step, roll_back
from platform_assets.registry.rollback_plan import alone, unfinished_products
from platform_assets.registry.rollback_target import Destination
from tests.conftest import free_port
from tests.integration.operator_line import OperatorLine
from tests.integration.two_releases import FIRST_AT, PRODUCT, SECOND_AT, TwoReleases

OLD, NEW = (2, "second"), (1, "first")
WHY = ("--reason", "scores jumped at ten", "--json")


@pytest.fixture
def platform(two_releases: TwoReleases) -> OperatorLine:
    return OperatorLine(two_releases.settings, free_port())


def back(home: TwoReleases, *, tell: Callable[[Step], None] = lambda _: None) -> None:
    """Roll back to the first release in this process."""
    crew = Crew(follow=lambda _: EndpointFollowed("silent"), run_id="run", code_version="c" * 16, tell=tell)
    wish = Destination(product=PRODUCT, release_id=home.first.release_id)
    roll_back(home.settings, home.ledger, wish, Mandate(by="bob", at=wall_now(), reason="why"), crew)


def test_a_rollback_is_told_and_recorded_with_who_when_and_why(
    two_releases: TwoReleases, platform: OperatorLine
) -> None:
    first, second = two_releases.first.release_id, two_releases.second.release_id
    done = platform("releases", "rollback", PRODUCT, "--to", first, *WHY)
    assert done.code == 0, done.stderr
    assert "moving the live pointer" in done.stderr
    plan = done.told["plan"]
    assert (plan["from_release"], plan["to_release"], plan["snapshot_id"]) == (second, first, "first")
    assert done.told["endpoint"]["state"] == "silent"
    assert two_releases.state == NEW

    moves = platform("releases", "history", PRODUCT, "--json").told
    assert [(move["from_release"], move["to_release"]) for move in moves] == [
        (None, first),
        (first, second),
        (second, first),
    ]
    assert (moves[-1]["by"], moves[-1]["reason"], moves[-1]["snapshot_id"]) == ("ann", "scores jumped at ten", "first")
    lines = platform("releases", "list", PRODUCT, "--json").told
    assert {line["release_id"]: line["is_in_force"] for line in lines} == {first: True, second: False}
    shown = platform("releases", "show", first)
    assert "scores jumped at ten" in shown.stdout
    assert two_releases.first.bundle_digest in shown.stdout


def test_where_a_product_is_already_and_what_does_not_exist_are_refused(
    two_releases: TwoReleases, platform: OperatorLine
) -> None:
    live = two_releases.second.release_id
    assert platform("releases", "rollback", PRODUCT, "--to", live, *WHY).error == "already_in_force"
    now = wall_now().isoformat()
    assert platform("releases", "rollback", PRODUCT, "--as-of", now, *WHY).error == "already_in_force"
    assert platform("releases", "rollback", PRODUCT, "--to", "0" * 16, *WHY).error == "unknown_record"
    assert platform("releases", "rollback", PRODUCT, "--as-of", "2020-01-01", *WHY).error == "rollback_refused"
    assert platform("releases", "rollback", PRODUCT, "--as-of", "2999-01-01", *WHY).error == "rollback_refused"
    assert platform("releases", "rollback", "weather", "--to", live, *WHY).error == "unknown_product"
    assert platform("releases", "rollback", PRODUCT, "--to", live).code == 2
    assert (two_releases.state, decisions(two_releases.ledger, "rollback")) == (OLD, [])


def test_a_bundle_that_is_damaged_or_gone_is_not_gone_back_to(
    two_releases: TwoReleases, platform: OperatorLine
) -> None:
    bundle = two_releases.settings.home / two_releases.first.bundle_path
    model = bundle / "model.txt"
    model.write_bytes(model.read_bytes()[:-1])
    damaged = platform("releases", "rollback", PRODUCT, "--to", two_releases.first.release_id, *WHY)
    assert damaged.error == "rollback_refused"
    assert "nothing was changed" in damaged.told["error"]["message"]
    bundle.rename(bundle.with_name("elsewhere"))
    gone = platform("releases", "rollback", PRODUCT, "--to", two_releases.first.release_id, *WHY)
    assert "is gone" in gone.told["error"]["message"]
    assert two_releases.state == OLD


def test_without_its_snapshot_only_the_release_goes_back_and_only_when_asked(
    two_releases: TwoReleases, platform: OperatorLine
) -> None:
    service = two_releases.first.feature_service
    two_releases.publish_snapshot("third", value=3.0, at=SECOND_AT.replace(hour=11))
    copy_path(two_releases.settings.snapshots_dir, service, "first").unlink()
    command = ("releases", "rollback", PRODUCT, "--to", two_releases.first.release_id, *WHY)
    refused = platform(*command)
    assert refused.error == "rollback_refused"
    assert "--no-also-snapshot" in refused.told["error"]["message"]
    assert two_releases.state == (2, "third")
    assert platform(*command, "--no-also-snapshot").code == 0
    assert two_releases.state == (1, "third")


def test_a_snapshot_that_is_in_no_slot_any_more_comes_back_from_its_copy(two_releases: TwoReleases) -> None:
    for number in (3, 4):
        two_releases.publish_snapshot(f"s{number}", value=float(number), at=SECOND_AT.replace(hour=10 + number))
    back(two_releases)
    assert two_releases.state == NEW


def test_the_snapshot_alone_goes_back_where_the_release_was_the_same(
    two_releases: TwoReleases, platform: OperatorLine
) -> None:
    two_releases.publish_snapshot("third", value=3.0, at=SECOND_AT.replace(hour=11))
    done = platform("releases", "rollback", PRODUCT, "--as-of", "2026-03-01T10:30Z", *WHY)
    assert done.code == 0, done.stderr
    assert two_releases.state == OLD
    assert len(pointer_moves(two_releases.ledger, PRODUCT)) == 2
    last = platform("releases", "history", PRODUCT, "--json").told[-1]
    assert (last["from_release"], last["snapshot_id"], last["by"]) == (last["to_release"], "second", "ann")


def test_the_state_before_a_rollback_can_be_asked_for_by_its_instant(
    two_releases: TwoReleases, platform: OperatorLine
) -> None:
    before = wall_now().isoformat()
    back(two_releases)
    assert two_releases.state == NEW
    assert platform("releases", "rollback", PRODUCT, "--as-of", before, *WHY).code == 0
    assert two_releases.state == OLD


def test_a_store_that_is_away_stops_a_rollback_before_anything_moves(two_releases: TwoReleases) -> None:
    away = OperatorLine(replace(two_releases.settings, redis_url=f"redis://127.0.0.1:{free_port()}/0"), free_port())
    refused = away("releases", "rollback", PRODUCT, "--to", two_releases.first.release_id, *WHY)
    assert refused.error == "rollback_refused"
    assert two_releases.state == OLD


def test_while_one_rolls_back_another_one_is_told_so(two_releases: TwoReleases, platform: OperatorLine) -> None:
    with alone(two_releases.settings, PRODUCT):
        busy = platform("releases", "rollback", PRODUCT, "--to", two_releases.first.release_id, *WHY)
    assert busy.error == "rollback_busy"
    assert two_releases.state == OLD


def test_a_pointer_that_somebody_moves_in_between_is_not_moved_again(two_releases: TwoReleases) -> None:
    def move_first(step: Step) -> None:
        if step == "pointer":
            move_live(
                two_releases.settings.releases_dir,
                PRODUCT,
                expected_sequence=2,
                release_id=two_releases.second.release_id,
                moved_at=FIRST_AT,
            )

    with pytest.raises(ReleaseConflictError):
        back(two_releases, tell=move_first)
    assert (two_releases.state, unfinished_products(two_releases.settings)) == (OLD, [])


def test_a_snapshot_that_cannot_be_put_back_yet_is_told_and_follows_later(two_releases: TwoReleases) -> None:
    settings = two_releases.settings
    copies, hidden = settings.snapshots_dir, settings.snapshots_dir.with_name("hidden")
    two_releases.publish_snapshot("third", value=3.0, at=SECOND_AT.replace(hour=11))  # takes the slot of the first

    def hide(step: Step) -> None:
        if step == "snapshot":
            copies.rename(hidden)

    with pytest.raises(RollbackUnfinishedError, match="its copy"):
        back(two_releases, tell=hide)
    assert two_releases.state == (1, "third")
    hidden.rename(copies)
    back(two_releases)
    assert two_releases.state == NEW
    assert [made.decided_by for made in decisions(two_releases.ledger, "rollback")] == ["bob"]


def test_a_rejected_version_never_comes_into_force_again(two_releases: TwoReleases, platform: OperatorLine) -> None:
    reject = ("releases", "reject", PRODUCT, "--version", "2", "--reason", "unfair to new customers", "--json")
    assert platform(*reject).error == "approval_refused"  # it is in force
    back(two_releases)
    rejected = platform(*reject)
    assert rejected.code == 0, rejected.stdout
    assert rejected.told["evidence"]["gates"]
    assert platform(*reject).error == "already_decided"
    assert platform("releases", "approve", PRODUCT, "--version", "2", *WHY).error == "approval_refused"
    second = two_releases.second.release_id
    refused = platform("releases", "rollback", PRODUCT, "--to", second, *WHY)
    assert "was rejected by ann (unfair to new customers)" in refused.told["error"]["message"]
    assert two_releases.state == NEW


def test_a_version_that_was_put_aside_comes_back_on_its_way_by_a_person_with_the_judgement_of_its_gates(
    two_releases: TwoReleases, platform: OperatorLine
) -> None:
    back(two_releases)
    done = platform("releases", "approve", PRODUCT, "--version", "2", "--reason", "the store was at fault", "--json")
    assert done.code == 0, done.stderr
    assert (done.told["begun"]["model_version"], two_releases.state) == (2, NEW)  # on its way, as churn declares
    assert platform("rollouts", "end", PRODUCT, *WHY).code == 0
    at_once = ("--release", two_releases.second.release_id, "--strategy", "instant")
    assert platform("rollouts", "begin", PRODUCT, *at_once, *WHY).code == 0
    assert two_releases.state == (2, "first")
    by_gates, by_hand = decisions(two_releases.ledger, "model_version", f"{PRODUCT} 2")
    assert (by_gates.decided_by, by_hand.decided_by, by_hand.reason) == ("gates", "ann", "the store was at fault")
    assert all(gate["is_passed"] for gate in by_hand.evidence["gates"])
    assert platform("releases", "approve", PRODUCT, "--version", "2", *WHY).error == "already_in_force"
    assert platform("releases", "approve", PRODUCT, "--version", "1", *WHY).error == "approval_refused"
