"""A rollback by command under a real endpoint that goes on answering: the whole state returns, no request fails."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from platform_assets.clock import wall_now
from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.errors import DeploymentError
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.releases import pointer_moves
from platform_assets.orchestration.endpoint_follow import crew_of
from platform_assets.registry.rollback import Step, roll_back
from platform_assets.registry.rollback_plan import unfinished_products
from platform_assets.registry.rollback_target import Destination
from tests.integration.http_load import Load, Outcome
from tests.integration.operator_line import Ended, OperatorLine
from tests.integration.test_endpoint_process import logged, running
from tests.integration.two_releases import CUSTOMER, PRODUCT, TwoReleases
from tests.unit.batch.batch_home import facts

BODY = {"product": PRODUCT, "entities": [CUSTOMER]}
WHY = ("--reason", "scores jumped at ten")


@contextmanager
def under_load(port: int, answers: list[dict[str, Any]]) -> Iterator[Outcome]:
    """Send requests over four connections until the block ends; what callers saw is complete after it."""
    outcome, ended = Outcome(), threading.Event()

    def keep(status: int, body: bytes) -> None:
        assert status == 200, body
        answers.extend(json.loads(body)["predictions"])

    async def send() -> None:
        load = Load(port=port, body=json.dumps(BODY).encode(), connections=4, keep=keep, pause_s=0.005)
        while not ended.is_set():
            part = await load.run(0.2)
            outcome.statuses.update(part.statuses)
            outcome.broken += part.broken

    sender = threading.Thread(target=lambda: asyncio.run(send()))
    sender.start()
    try:
        yield outcome
    finally:
        ended.set()
        sender.join(timeout=60)


def ask(url: str) -> dict[str, Any]:
    row: dict[str, Any] = httpx.post(f"{url}/v1/predict", json=BODY).raise_for_status().json()["predictions"][0]
    return row


def entry_of(home: TwoReleases, answer: dict[str, Any]) -> PredictionLogEntry:
    """Return the log entry of an answer; the endpoint writes it a moment later."""
    for _ in range(100):
        for entry in logged(home.settings):
            if entry.prediction_id == answer["prediction_id"]:
                return entry
        threading.Event().wait(0.1)
    pytest.fail("the answer was never logged")


@pytest.mark.parametrize("way", ["--to", "--as-of"])
def test_the_endpoint_answers_with_the_old_release_and_snapshot_while_requests_go_on(
    two_releases: TwoReleases, tmp_path: Path, way: str
) -> None:
    home, answers = two_releases, list[dict[str, Any]]()
    goal = home.first.release_id if way == "--to" else "2026-03-01T10:00+01:00"  # nine o'clock UTC
    with running(home.settings, tmp_path / "endpoint.log") as (url, _):
        port = int(urlsplit(url).port or 0)
        before = ask(url)
        with under_load(port, answers) as outcome:
            ended: Ended = OperatorLine(home.settings, port)("releases", "rollback", PRODUCT, way, goal, *WHY, "--json")
        after = ask(url)
        old, new = entry_of(home, before), entry_of(home, after)

    assert ended.code == 0, ended.stderr
    assert (before["model_version"], old.snapshot_id) == (2, "second")
    assert (after["release_id"], after["model_version"], new.snapshot_id) == (home.first.release_id, 1, "first")
    assert (before["fallback"], after["fallback"]) == ("none", "none")
    # A snapshot that comes back has an epoch of its own, so no score from the cache belongs to it.
    assert new.snapshot_epoch == ended.told["epoch"] == (old.snapshot_epoch or 0) + 1
    assert outcome.broken == 0
    assert set(outcome.statuses) == {200}
    assert {(each["release_id"], each["model_version"]) for each in answers} == {
        (home.first.release_id, 1),
        (home.second.release_id, 2),
    }
    assert ended.told["endpoint"]["state"] == "switched"
    assert ended.told["endpoint_s"] > 0
    sys.stdout.write(f"answered by the old release after {ended.told['endpoint_s'] * 1000:.0f} ms\n")


def test_a_release_that_the_endpoint_refuses_leaves_the_old_state_as_a_whole(
    two_releases: TwoReleases, tmp_path: Path
) -> None:
    home = two_releases
    with running(home.settings, tmp_path / "endpoint.log") as (url, _):
        port = int(urlsplit(url).port or 0)
        settings = replace(home.settings, endpoint_port=port)

        def lose_a_file(step: Step) -> None:
            if step == "pointer":  # everything was verified before
                (settings.home / home.first.bundle_path / "model.txt").write_bytes(b"damaged")

        crew = crew_of(settings, facts(), tell=lose_a_file)
        wish = Destination(product=PRODUCT, release_id=home.first.release_id)
        mandate = Mandate(by="ann", at=wall_now(), reason="scores jumped at ten")
        with pytest.raises(DeploymentError, match="digest"):
            roll_back(settings, home.ledger, wish, mandate, crew)
        answer = ask(url)
    assert (answer["model_version"], answer["fallback"]) == (2, "none")
    assert home.state == (2, "second")
    assert pointer_moves(home.ledger, PRODUCT)[-1].release_id == home.second.release_id
    assert unfinished_products(home.settings) == []
