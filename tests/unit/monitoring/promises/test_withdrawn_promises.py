"""A promise that is taken out of a declaration: its breach is over, and nothing else is."""

from pathlib import Path

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.promises import Observation, record_observations
from platform_assets.monitoring.promises.withdrawn import observe_withdrawn
from tests.unit.monitoring.promises.promise_samples import MONDAY, make_records, product_named

OF_ONLINE = [
    ("snapshot_age", ""),
    ("runs", "online"),
    ("sla_latency", "online"),
    ("rule_slow_answers", "online"),
]
OF_BATCH = [("data_age", ""), ("partition", "2026-03-01"), ("runs", "batch"), ("sla_freshness", "batch")]


def over(root: Path, product: Product, state: PromiseState = "broken") -> set[tuple[str, str]]:
    """Return what is over for a product of which everything was in one state."""
    records = make_records(root)
    found = [
        Observation(product="churn", promise=promise, subject=subject, state=state)
        for promise, subject in [*OF_ONLINE, *OF_BATCH, ("source_age", ""), ("rule_of_old", "online")]
    ]
    record_observations(records.ledger, found, MONDAY)
    observed = observe_withdrawn(records.settings, records.ledger, product, MONDAY)
    assert {one.state for one in observed} <= {"kept"}
    return {(one.promise, one.subject) for one in observed}


def test_what_is_declared_stays_broken_and_a_rule_that_is_gone_does_not(tmp_path: Path) -> None:
    assert over(tmp_path, product_named("churn")) == {("rule_of_old", "online")}


def test_what_a_product_that_is_served_no_longer_broke_online_is_over(tmp_path: Path) -> None:
    product = msgspec.structs.replace(product_named("churn"), online=None)
    assert over(tmp_path, product) == {*OF_ONLINE, ("rule_of_old", "online")}


def test_a_clock_and_an_objective_that_are_gone_are_over(tmp_path: Path) -> None:
    declared = product_named("churn")
    freshness = msgspec.structs.replace(declared.batch.freshness, max_source_age_hours=None)
    sla = msgspec.structs.replace(declared.batch.sla, objectives=())
    product = msgspec.structs.replace(
        declared, batch=msgspec.structs.replace(declared.batch, freshness=freshness, sla=sla)
    )
    assert over(tmp_path, product) >= {("source_age", ""), ("sla_freshness", "batch")}


def test_what_was_kept_stays_untold(tmp_path: Path) -> None:
    product = msgspec.structs.replace(product_named("churn"), online=None)
    assert over(tmp_path, product, "kept") == set()
