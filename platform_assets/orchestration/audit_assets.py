"""Daily proofs on what was really answered: parity with the offline path, and exact replays."""

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from platform_assets.contract.product import Product
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings

_DAILY = "30 5 * * *"
_REPLAYED = 500
_PROVEN_DAYS = 3  # so that an answer has several chances, also when a day's proof did not run
_OWNERS = ["team:data-platform"]
_EXACT = "exact"


def audit_assets(settings: Settings, products: Sequence[Product]) -> list[dg.AssetsDefinition]:
    """Return the parity proof of all products that are served, and the replay audit of all products."""
    online = [product for product in products if product.online is not None]
    return [_parity(settings, online), _replay_audit(settings, [product.name for product in products])]


def _daily() -> dg.AutomationCondition:
    """Ask once a day. Not `on_cron()`: it would wait for new answers, and old ones may have been tampered with."""
    return dg.AutomationCondition.cron_tick_passed(_DAILY) & ~dg.AutomationCondition.in_progress()


def _parity(settings: Settings, online: Sequence[Product]) -> dg.AssetsDefinition:
    key = dg.AssetKey("parity")

    @dg.asset(
        key=key,
        group_name="audit",
        deps=["prediction_log"],
        owners=_OWNERS,
        kinds={"duckdb", "deltalake"},
        automation_condition=_daily(),
        check_specs=[
            dg.AssetCheckSpec(
                product.name,
                asset=key,
                description="Logged features and scores are those of the offline path, save declared approximations.",
            )
            for product in online
        ],
        description=(
            "The features and scores of answers that were really given in the last days, beside what training's join "
            "and batch's scoring give for the same instant, bit for bit. A row of its table counts one feature of one "
            "proof: match, mismatch, missing, extra, and what the product declares that may differ. For audits."
        ),
    )
    def parity(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.audit.parity.history import as_markdown, keep_proof, past_proofs
        from platform_assets.audit.parity.proof import prove_parity

        facts, metadata, checks = run_facts(context), {}, []
        since = facts.at.date() - dt.timedelta(days=_PROVEN_DAYS)
        for product in online:
            proof = prove_parity(settings, product, since=since, seed=facts.at.toordinal())
            keep_proof(settings, proof, at=facts.at, run_id=facts.run_id)
            metadata[product.name] = dg.MetadataValue.md(as_markdown(proof, past_proofs(settings, product.name)))
            told = {"answers": proof.answers, "unexplained": proof.unexplained, "skipped": proof.skipped}
            checks.append(dg.AssetCheckResult(check_name=product.name, passed=not proof.unexplained, metadata=told))
        return dg.MaterializeResult(metadata=metadata, check_results=checks)

    return parity


def _replay_audit(settings: Settings, products: Sequence[str]) -> dg.AssetsDefinition:
    key = dg.AssetKey("replay_audit")

    @dg.asset(
        key=key,
        group_name="audit",
        deps=["prediction_log"],
        owners=_OWNERS,
        automation_condition=_daily(),
        check_specs=[
            dg.AssetCheckSpec(_EXACT, asset=key, description="Every sampled prediction is computed again to the bit.")
        ],
        description=(
            "A sample of all predictions, some of every release, computed again from their records and compared bit "
            "for bit. The report names each exception with its reason. For audits."
        ),
    )
    def replay_audit(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.audit.replay.replay import replay_many
        from platform_assets.audit.replay.report import as_markdown
        from platform_assets.audit.replay.selection import Wanted

        # Another sample every day, which the day repeats.
        seed = run_facts(context).at.toordinal()
        report = replay_many(settings, Wanted(products, sample=_REPLAYED, seed=seed))
        numbers = {"exact": report.exact, "explained": report.explained, "failed": report.failed, "seed": seed}
        return dg.MaterializeResult(
            metadata={"predictions": report.predictions, **numbers, "report": dg.MetadataValue.md(as_markdown(report))},
            check_results=[dg.AssetCheckResult(check_name=_EXACT, passed=report.is_sound, metadata=numbers)],
        )

    return replay_audit
