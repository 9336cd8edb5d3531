"""A rollback killed at every step: the state is the old one or the new one, and what was begun is carried out."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from platform_assets.contract.names import ALIAS
from platform_assets.ledger.decisions import decisions
from platform_assets.ledger.releases import pointer_moves
from platform_assets.ledger.snapshots import current_snapshot
from platform_assets.registry.pair import HALVES, PAIR_TAG
from platform_assets.registry.rollback import Crew, EndpointFollowed, Step, finish
from platform_assets.registry.rollback_plan import unfinished_products
from platform_assets.registry.tracking import tracking_client
from platform_assets.settings import PROJECT_ROOT
from tests.integration.two_releases import PRODUCT, TwoReleases

VICTIM = Path(__file__).with_name("rollback_victim.py")
OLD, NEW = (2, "second"), (1, "first")
BEFORE_THE_MOVE = ("verify", "plan", "pointer")
CREW = Crew(follow=lambda _: EndpointFollowed("silent"), run_id="watch", code_version="c" * 16)


def victim_ends_with(home: TwoReleases, step: str) -> int:
    settings = home.settings
    command = [sys.executable, str(VICTIM), str(settings.home), settings.online_url, home.first.release_id, step]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    return subprocess.run(command, env=environment, check=False).returncode


def recorded(home: TwoReleases) -> tuple[int, str]:
    """Return the version and the snapshot that ledger and both aliases name."""
    client, ledger = tracking_client(home.settings), home.ledger
    aliased = {client.get_model_version_by_alias(f"{PRODUCT}_{half}", ALIAS).tags[PAIR_TAG] for half in HALVES}
    moved = {home.first.release_id: "1", home.second.release_id: "2"}[pointer_moves(ledger, PRODUCT)[-1].release_id]
    assert aliased == {moved}
    snapshot = current_snapshot(ledger, home.first.feature_service)
    assert snapshot is not None
    return int(moved), snapshot.snapshot_id


@pytest.mark.parametrize("step", get_args(Step))
def test_a_rollback_killed_at_a_step_ends_in_the_old_or_in_the_new_state(two_releases: TwoReleases, step: Step) -> None:
    assert victim_ends_with(two_releases, step) == -signal.SIGKILL
    done = finish(two_releases.settings, two_releases.ledger, PRODUCT, CREW)

    expected = OLD if step in BEFORE_THE_MOVE else NEW
    assert (done is None) == (expected == OLD)
    assert (two_releases.state, recorded(two_releases)) == (expected, expected)
    assert unfinished_products(two_releases.settings) == []
    told = [(made.decided_by, made.reason) for made in decisions(two_releases.ledger, "rollback", PRODUCT)]
    assert told == ([] if expected == OLD else [("victim", "it was wrong")])


def test_the_same_command_again_carries_out_what_a_killed_one_began(two_releases: TwoReleases) -> None:
    assert victim_ends_with(two_releases, "endpoint") == -signal.SIGKILL
    assert two_releases.state == (1, "second")
    assert unfinished_products(two_releases.settings) == [PRODUCT]
    assert victim_ends_with(two_releases, "never") == 0
    assert two_releases.state == recorded(two_releases) == NEW
    assert pointer_moves(two_releases.ledger, PRODUCT)[-1].moved_by == "victim"
