"""The status of a product: its release, its last publication and its age in business time."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from platform_assets.commands.product_names import product_named
from platform_assets.commands.product_status import FreshnessState, freshness_of, product_statuses
from platform_assets.contract.promises import Freshness
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.publications import record_publication
from platform_assets.settings import Settings

WALL = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (None, "nothing published"),
        (0.0, "fresh"),
        (24.0, "fresh"),
        (24.1, "warning"),
        (48.0, "warning"),
        (48.1, "late"),
    ],
)
def test_an_age_is_judged_by_the_promise_of_the_product(age: float | None, state: FreshnessState) -> None:
    assert freshness_of(age, Freshness(max_age_hours=48, warn_hours=24)) == state


def test_a_publication_is_as_old_as_business_time_says(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    churn = product_named("churn")
    record_publication(
        open_ledger(settings.ledger_dsn),
        product="churn",
        as_of="2011-12-09",
        model_version=1,
        revision=1,
        release_id="r",
        row_count=7,
        digest="d",
        delta_version=0,
        published_at=WALL,
        run_id="run",
    )
    (replayed,) = product_statuses(settings, [churn], wall=WALL)
    (live,) = product_statuses(replace(settings, clock_mode="live"), [churn], wall=WALL)
    assert (replayed.age_hours, replayed.freshness, replayed.rows) == (24.0, "fresh", 7)
    assert (live.freshness, replayed.action_allowed, live.action_allowed) == ("late", True, False)
