"""Drift as Dagster shows it: an asset per product with its checks, its pictures and what was before."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.orchestration.labels import owner_of, tags_of
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.monitoring.drift.figures import DriftLevel, DriftReport

_DAILY = "45 5 * * *"
DATA_CHECK, PREDICTION_CHECK, LIVE_CHECK = "data_drift", "prediction_drift", "live_from_batch"
_TOLD = {
    DATA_CHECK: "No model input moved: its mean by more than 2 sigmas (from 3 on an error), its spread by more than a "
    "factor of 2 (3), or its whole distribution by more than chance and a fifth of the rows.",
    PREDICTION_CHECK: "No more than 10 % of the scores (25 %: an error) lie elsewhere than in training and before.",
    LIVE_CHECK: "What the endpoint is asked with is distributed as what the batch is scored from.",
}


def drift_assets(product: Product, settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the asset that compares a product's batches and answers with training, and with each other."""
    key = dg.AssetKey(names.asset_key(product.name, "drift"))
    published = dg.AssetKey(names.asset_key(product.name, "published_predictions"))
    checks = [DATA_CHECK, PREDICTION_CHECK, *([LIVE_CHECK] if product.online is not None else [])]

    @dg.asset(
        key=key,
        group_name=product.name,
        deps=[published, *(["prediction_log"] if product.online is not None else [])],
        owners=[owner_of(product.owner)],
        tags=tags_of(product),
        kinds={"numpy", "deltalake"},
        automation_condition=_daily_or_after(published),
        check_specs=[dg.AssetCheckSpec(name, asset=key, description=_TOLD[name]) for name in checks],
        description=(
            "Whether inputs and scores of the published batch, and of the answers of the last seven days, are "
            "distributed as in the training set, as before, and alike. A row of its table is one feature or the score "
            "in one comparison of one window. For owners of models and features; not a verdict on a customer."
        ),
    )
    def drift(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.drift.assess import assess_drift
        from platform_assets.monitoring.drift.history import keep_reports

        facts = run_facts(context)
        reports = assess_drift(settings, open_ledger(settings.ledger_dsn), product, at=facts.at)
        rows = keep_reports(settings, reports, at=facts.at, run_id=facts.run_id)
        return dg.MaterializeResult(
            metadata={"dagster/row_count": rows, **_metadata(settings, product, reports)},
            check_results=[_check(name, reports) for name in checks],
        )

    return [drift]


def _daily_or_after(published: dg.AssetKey) -> dg.AutomationCondition:
    """Ask once a day and after each published batch. New answers alone do not: they come all the time."""
    condition = dg.AutomationCondition
    new_batch = condition.any_deps_updated().allow(dg.AssetSelection.assets(published)).since_last_handled()
    return (condition.cron_tick_passed(_DAILY) | new_batch) & ~condition.in_progress()


def _metadata(
    settings: Settings, product: Product, reports: "Sequence[DriftReport]"
) -> dict[str, float | int | dg.MetadataValue]:
    from platform_assets.monitoring.drift.drawing import as_markdown, history_markdown
    from platform_assets.monitoring.drift.history import past_drift

    told: dict[str, float | int | dg.MetadataValue] = {}
    for report in reports:
        told[report.comparison] = dg.MetadataValue.md(as_markdown(report))
        if report.drift_rate is not None:
            told[f"{report.comparison}/features_judged"] = report.judged
            told[f"{report.comparison}/features_drifted"] = len(report.drifted)
            told[f"{report.comparison}/drift_rate"] = report.drift_rate
        if report.score is not None and report.score.ks is not None:
            told[f"{report.comparison}/score_distance"] = report.score.ks
    told["history"] = dg.MetadataValue.md(history_markdown(past_drift(settings, product.name, last=14)))
    return told


def _check(name: str, reports: "Sequence[DriftReport]") -> dg.AssetCheckResult:
    found = list(_verdicts(name, reports))
    failing = [told for level, told in found if level == "fail"]
    warning = [told for level, told in found if level == "warn"]
    is_judged = any(_is_judged(name, report) for report in reports)
    in_order = "as in the reference" if is_judged else "nothing to judge: not enough rows"
    return dg.AssetCheckResult(
        check_name=name,
        passed=not failing and not warning,
        severity=dg.AssetCheckSeverity.ERROR if failing else dg.AssetCheckSeverity.WARN,
        description="; ".join([*failing, *warning]) or in_order,
        metadata={"judged": is_judged, "failing": len(failing), "warning": len(warning)},
    )


def _verdicts(name: str, reports: "Iterable[DriftReport]") -> "Iterable[tuple[DriftLevel, str]]":
    for report in reports:
        if name != PREDICTION_CHECK and _is_of(name, report):
            for one in report.features:
                yield one.level, f"{report.comparison}: {one.name}: {one.told}"
        if name != DATA_CHECK and _is_of(name, report) and report.score is not None:
            yield report.score.level, f"{report.comparison}: scores: {report.score.told}"


def _is_of(name: str, report: "DriftReport") -> bool:
    """Tell whether a comparison is judged by a check; live beside batch has its own."""
    return (report.comparison == LIVE_CHECK) == (name == LIVE_CHECK)


def _is_judged(name: str, report: "DriftReport") -> bool:
    if not _is_of(name, report):
        return False
    is_score = report.score is not None and report.score.is_judged
    return (name != DATA_CHECK and is_score) or (name != PREDICTION_CHECK and report.judged > 0)
