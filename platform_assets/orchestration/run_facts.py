"""What a step tells about itself: the only bridge from Dagster's context to logic."""

import dagster as dg

from platform_assets.clock import wall_now
from platform_assets.code_version import code_version
from platform_assets.ledger.run_facts import RunFacts


def run_facts(context: dg.AssetExecutionContext) -> RunFacts:
    """Return the facts of the running step."""
    return RunFacts(run_id=context.run.run_id, at=wall_now(), code_version=code_version())
