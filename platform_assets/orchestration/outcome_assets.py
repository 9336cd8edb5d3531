"""Outcomes as Dagster shows them: labels joined to what was predicted, and how good it was by them."""

from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.ages import business_now
from platform_assets.contract.alert_rules import ALERT_RULES
from platform_assets.contract.product import Product
from platform_assets.orchestration.dependencies import staging_of
from platform_assets.orchestration.labels import owner_of, tags_of
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import datetime as dt

    from platform_assets.monitoring.outcomes.join import Joined

_DAILY = "15 6 * * *"
LABELS_CHECK, ACCURACY_CHECK = "labels_arrive", "as_in_evaluation"
_MOST_UNLABELLED = 0.1
_RULE = next(rule for rule in ALERT_RULES if rule.measure == "accuracy_drop")


def outcome_assets(product: Product, settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the asset that joins what came true to a product's batches and answers, once a day."""
    key = dg.AssetKey(names.asset_key(product.name, "outcomes"))
    predicted = [dg.AssetKey(names.asset_key(product.name, "published_predictions"))]
    logged = [dg.AssetKey("prediction_log")] if product.online is not None else []
    staged = [dg.AssetKey(names.staging_key(model)) for model in staging_of(product)]

    @dg.asset(
        key=key,
        group_name=product.name,
        deps=[*predicted, *logged, *staged],
        owners=[owner_of(product.owner)],
        tags=tags_of(product),
        kinds={"duckdb", "deltalake"},
        automation_condition=_daily(),
        check_specs=[
            dg.AssetCheckSpec(
                LABELS_CHECK,
                asset=key,
                description=f"Of what should be known by now, at most {_MOST_UNLABELLED:.0%} has no label.",
            ),
            dg.AssetCheckSpec(
                ACCURACY_CHECK,
                asset=key,
                description=f"By labels of the last {_RULE.over_days} days the release in force is as good as in its "
                f"evaluation: at most {_RULE.above:.0%} worse, or not shown to be.",
            ),
        ],
        description=(
            f"What came true of each prediction, known {product.label.horizon_hours:g} hours after its event. A row of "
            "its table is one prediction with its outcome, appended once. For owners of models, gates and audits; not "
            "for decisions on a customer, whose outcome is past."
        ),
    )
    def outcomes(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.outcomes.drawing import as_markdown
        from platform_assets.monitoring.outcomes.join import join_outcomes
        from platform_assets.monitoring.outcomes.performance import performance

        at, ledger = run_facts(context).at, open_ledger(settings.ledger_dsn)
        until = business_now(product, settings.clock, at)
        joined = join_outcomes(settings, ledger, product, known_until=until, at=at)
        found = performance(settings, product)
        return dg.MaterializeResult(
            metadata={**_counts(joined), "performance": dg.MetadataValue.md(as_markdown(product, found))},
            check_results=[_labels_arrive(joined), _as_in_evaluation(settings, product, at)],
        )

    return [outcomes]


def _daily() -> dg.AutomationCondition:
    """Ask once a day: labels become known by the hour, and new data alone says nothing of old predictions."""
    return dg.AutomationCondition.cron_tick_passed(_DAILY) & ~dg.AutomationCondition.in_progress()


def _counts(joined: "Joined") -> dict[str, int | str]:
    return {
        "dagster/row_count": joined.rows,
        "of_batches": joined.batch,
        "of_answers": joined.online,
        "due": joined.due,
        "without_label": joined.unlabelled,
        "window_not_over": joined.waiting,
        "known_until": joined.known_until.isoformat(),
        "looked_at": f"{joined.percent} % of the predictions",
    }


def _labels_arrive(joined: "Joined") -> dg.AssetCheckResult:
    share = joined.unlabelled_share
    told = f"{joined.unlabelled:,} of {joined.due:,} predictions whose window is over have no label"
    return dg.AssetCheckResult(
        check_name=LABELS_CHECK,
        passed=share is None or share <= _MOST_UNLABELLED,
        severity=dg.AssetCheckSeverity.WARN,
        description="nothing is due" if share is None else told,
        metadata={"without_label": joined.unlabelled, "due": joined.due},
    )


def _as_in_evaluation(settings: Settings, product: Product, at: "dt.datetime") -> dg.AssetCheckResult:
    from platform_assets.inference.live_pointer import read_live
    from platform_assets.inference.release import read_release
    from platform_assets.monitoring.rules.outcome_measures import accuracy_drop

    live = read_live(settings.releases_dir, product.name)
    if live is None:
        return dg.AssetCheckResult(check_name=ACCURACY_CHECK, passed=True, description="no release is in force")
    release = read_release(settings.releases_dir, product.name, live.release_id)
    measured = accuracy_drop(settings, product, release, _RULE, at=at)
    return dg.AssetCheckResult(
        check_name=ACCURACY_CHECK,
        passed=not measured.is_over,
        description=measured.told,
        metadata={"release": release.release_id, **({} if measured.value is None else {"worse_by": measured.value})},
    )
