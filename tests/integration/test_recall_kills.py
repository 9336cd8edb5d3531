"""A recall killed at every step, over a real store and registry: the next call ends it, and everybody hears once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

from platform_assets.inference.live_pointer import read_live
from platform_assets.ledger.decisions import decisions
from platform_assets.ledger.notifications import notifications
from platform_assets.ledger.publications import publications
from platform_assets.ledger.releases import pointer_moves
from platform_assets.ledger.snapshots import current_snapshot
from platform_assets.registry.rollback_plan import unfinished_products
from platform_assets.settings import PROJECT_ROOT
from tests.integration.recall_home import NEWER, OLDER, RecallHome, recall_home
from tests.integration.two_releases import PRODUCT, TwoReleases

VICTIM = Path(__file__).with_name("recall_victim.py")
# In the order of a recall; those between traffic and snapshots are steps of the rollback inside.
STEPS = ("recall", "marks", "batches", "consumers", "traffic", "pointer", "endpoint", "records", "snapshots", "news")


@contextmanager
def victims(home: RecallHome) -> Iterator[Callable[[str], int]]:
    """Give what lets a process of its own recall, and end at a step; it returns how that process ended."""
    settings = home.releases.settings
    command = [sys.executable, str(VICTIM), str(settings.home), settings.online_url, home.spoiled]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    with subprocess.Popen(command, env=environment, stdin=PIPE, stdout=PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        lines, ends = running.stdin, running.stdout

        def ends_with(step: str) -> int:
            lines.write(f"{step}\n")
            lines.flush()
            return int(ends.readline())

        yield ends_with


def shown(home: RecallHome) -> list[str]:
    return [one.state for one in publications(home.releases.ledger, PRODUCT)]


def test_a_recall_killed_at_every_step_ends_in_the_sound_state_and_tells_everybody_once(
    two_releases: TwoReleases,
) -> None:
    home, ledger = recall_home(two_releases), two_releases.ledger
    assert (home.consumers_read(), two_releases.state) == (str(NEWER), (2, "second"))
    with victims(home) as victim_ends_with:
        for step in STEPS:
            assert victim_ends_with(step) == -signal.SIGKILL
            # Whatever has happened: what consumers read is one whole batch, and nothing spoiled comes back.
            is_written = STEPS.index(step) > STEPS.index("consumers")
            assert home.consumers_read() == str(OLDER if is_written else NEWER)
            assert shown(home)[0] == "published"
            assert notifications(ledger) == []
        assert victim_ends_with("never") == 0
        told = len(notifications(ledger))
        assert victim_ends_with("never") == 0

    assert (home.consumers_read(), shown(home)) == (str(OLDER), ["published", "withdrawn"])
    assert two_releases.state == (1, "first")
    snapshot = current_snapshot(ledger, two_releases.first.feature_service)
    assert snapshot is not None
    assert snapshot.snapshot_id == "first"
    assert pointer_moves(ledger, PRODUCT)[-1].release_id == two_releases.first.release_id
    assert unfinished_products(two_releases.settings) == []
    live = read_live(two_releases.settings.releases_dir, PRODUCT)
    assert live is not None
    assert live.off is None
    verdicts = [made.verdict for made in decisions(ledger, "recall", home.spoiled)]
    assert verdicts == ["recalled", "carried_out"]
    assert len(decisions(ledger, "publication")) == 1
    assert len(notifications(ledger)) == told > 0
