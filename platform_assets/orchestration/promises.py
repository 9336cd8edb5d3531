"""Promises of a product as Dagster shows them: a policy that the daemon watches and a check that the graph shows."""

import datetime as dt

import dagster as dg

from platform_assets.contract.promises import Freshness

FRESHNESS_CHECK = "freshness_promise"


def freshness_policy(freshness: Freshness) -> dg.FreshnessPolicy:
    """Return the policy of an asset that must be materialized within the promised age."""
    return dg.FreshnessPolicy.time_window(
        fail_window=dt.timedelta(hours=freshness.max_age_hours), warn_window=dt.timedelta(hours=freshness.warn_hours)
    )


def freshness_check(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Return the check of an asset with a freshness policy; the freshness sensor lets it fail when the promise breaks.

    Dagster shows a broken policy on the asset's own page alone; a failed check turns its node red.
    """
    return dg.AssetCheckSpec(FRESHNESS_CHECK, asset=key, description="The asset is younger than it promises to be.")


def freshness_result(*, age_hours: float, max_age_hours: float) -> dg.AssetCheckResult:
    """Return the check that goes with a materialization: its content may be old although it was made just now."""
    return dg.AssetCheckResult(
        check_name=FRESHNESS_CHECK,
        passed=age_hours <= max_age_hours,
        metadata={"age_hours": age_hours, "max_age_hours": max_age_hours},
    )
