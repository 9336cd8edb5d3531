"""Access in Dagster: the policy of the declarations in force, and the log of accesses verified and anchored hourly."""

from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.access.log_anchor import Anchor, anchor_of_text
from platform_assets.orchestration.schedules import default_status
from platform_assets.settings import Settings

ACCESS_JOB = "access"
_POLICY, _LOG = dg.AssetKey("access_policy"), dg.AssetKey("access_log")
_HOURLY = "15 * * * *"
_HEAD = "head_"
_LOOKED_BACK = 100  # runs; a chain that had a problem since then keeps the end before it

if TYPE_CHECKING:
    # What define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


def access_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the policy and the log, with the check of the log."""
    return [_policy(settings), _log(settings)]


def access_job() -> "UnresolvedAssetJobDefinition":
    """Return the job that puts the policy in force and verifies the log."""
    return dg.define_asset_job(
        ACCESS_JOB,
        selection=dg.AssetSelection.assets(_POLICY, _LOG),
        description="Put the declared policy in force; verify the log of accesses and anchor its ends here.",
    )


def access_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Return when that is done."""
    return dg.ScheduleDefinition(
        name="access_hourly", job_name=ACCESS_JOB, cron_schedule=_HOURLY, default_status=default_status(settings)
    )


def _policy(settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=_POLICY,
        group_name="governance",
        owners=["team:data-platform"],
        description=(
            "Every grant in force: who may do what with which output, in which version, for which purpose. Compiled "
            "from the declared consumers and products; the endpoint decides by it. For owners and auditors."
        ),
    )
    def access_policy() -> dg.MaterializeResult:
        from platform_assets.processes.access_home import publish_declared

        grants = publish_declared(settings).grants
        actors = sorted({grant.actor for grant in grants})
        return dg.MaterializeResult(metadata={"grants": len(grants), "actors": dg.MetadataValue.json(actors)})

    return access_policy


def _log(settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=_LOG,
        group_name="governance",
        owners=["team:data-platform"],
        deps=[_POLICY],
        description=(
            "Every access to predictions that was allowed or denied; a row is one access. Each run verifies all of it "
            "and keeps the ends of its chains, by which a later run sees whether anything was cut off. For auditors."
        ),
        check_specs=[
            dg.AssetCheckSpec(
                "is_intact",
                asset=_LOG,
                description="No line of the log was changed, removed, moved, added or cut off.",
                blocking=False,
            )
        ],
    )
    def access_log(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.access.log_files import LogFiles
        from platform_assets.access.log_verify import verify_log

        chains = verify_log(LogFiles.of(settings), _told_before(context.instance))
        problems = [problem for chain in chains for problem in chain.problems]
        return dg.MaterializeResult(
            metadata={
                "allowed": sum(chain.allowed for chain in chains),
                "denied": sum(chain.denied for chain in chains),
                **{f"{_HEAD}{chain.chain}": chain.head for chain in chains if chain.head and not chain.problems},
            },
            check_results=[
                dg.AssetCheckResult(
                    passed=not problems, check_name="is_intact", metadata={"problems": dg.MetadataValue.json(problems)}
                )
            ],
        )

    return access_log


def _told_before(instance: dg.DagsterInstance) -> list[Anchor]:
    """Return the newest end of each chain that an earlier run kept."""
    found: dict[str, Anchor] = {}
    records = instance.fetch_materializations(_LOG, limit=_LOOKED_BACK).records
    for record in records:  # the newest first
        materialization = record.asset_materialization
        for name, value in (materialization.metadata if materialization else {}).items():
            if name.startswith(_HEAD) and isinstance(value, dg.TextMetadataValue) and value.text:
                found.setdefault(name, anchor_of_text(value.text))
    return list(found.values())
