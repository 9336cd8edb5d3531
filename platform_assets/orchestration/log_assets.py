"""The prediction log: every online answer, drained from the stream into a table."""

from contextlib import suppress

import dagster as dg

from platform_assets.errors import LakeWriteError
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings


def log_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the asset that drains the prediction log."""

    @dg.asset(
        key=dg.AssetKey("prediction_log"),
        group_name="serving",
        owners=["team:data-platform"],
        kinds={"deltalake", "redis"},
        description=(
            "Every answer of the endpoint: what was asked, which features were used, which release answered, the "
            "score and the fallback. Drained exactly once from the stream; a row is one prediction. For monitoring, "
            "traces and replay; not for marketing."
        ),
        retry_policy=dg.RetryPolicy(max_retries=2, delay=5),
    )
    def prediction_log(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.audit.find_prediction import log_index
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.drain import drain_prediction_log

        drained = drain_prediction_log(settings, open_ledger(settings.ledger_dsn), at=run_facts(context).at)
        with suppress(LakeWriteError):  # the answers are in the lake, and the first trace of one makes up for it
            log_index(settings).catch_up()
        return dg.MaterializeResult(metadata=drained.as_metadata())

    return [prediction_log]
