"""Promises of a product as Dagster shows them: a policy that its daemon watches, and a check that the graph shows.

The policy is Dagster's own and blind: it counts from the last materialization by wall time, in replay mode as well,
and shows what it finds on the asset's page alone. The check is painted by the watch of promises.
"""

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
    """Return the check of an asset that consumers read; the watch of promises lets it fail and pass again.

    Dagster shows a broken policy on the asset's own page alone; a failed check turns its node red.
    """
    return dg.AssetCheckSpec(
        FRESHNESS_CHECK, asset=key, description="The asset is as young and as complete as it promises to be."
    )


def freshness_result(*, age_hours: float, max_age_hours: float, is_stale: bool = False) -> dg.AssetCheckResult:
    """Return the check that goes with a materialization: its content may be old although it was made just now.

    `is_stale` tells of the other clocks, beside the age that is shown.
    """
    return dg.AssetCheckResult(
        check_name=FRESHNESS_CHECK,
        passed=age_hours <= max_age_hours and not is_stale,
        metadata={"age_hours": age_hours, "max_age_hours": max_age_hours, "is_stale": is_stale},
    )
