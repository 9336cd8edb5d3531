"""From a product's declaration to its training set, pair, evaluation and release, as assets."""

from collections.abc import Iterator

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.names import PairHalf
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import RfmSegments
from platform_assets.orchestration.dependencies import source_deps
from platform_assets.orchestration.gate_checks import gate_checks, gate_specs
from platform_assets.orchestration.labels import owner_of, tags_of
from platform_assets.orchestration.metering import keep_use
from platform_assets.orchestration.retraining_tag import request_of
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings


def training_assets(product: Product, settings: Settings) -> list[dg.AssetsDefinition]:
    """Return training set, pair (preprocessor and model in one step), evaluation and release."""
    return [
        _training_set(product, settings),
        _pair(product, settings),
        _evaluation(product, settings),
        _release(product, settings),
    ]


def _key(product: Product, noun: names.AssetNoun) -> dg.AssetKey:
    return dg.AssetKey(names.asset_key(product.name, noun))


def _training_set(product: Product, settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=_key(product, "training_set"),
        group_name=product.name,
        deps=source_deps(product),
        owners=[owner_of(product.owner)],
        tags=tags_of(product),
        kinds={"parquet", "duckdb"},
        description=(
            f"Labelled examples of {product.title.lower()}. A row is one {product.entity.name} at one instant with "
            f"the features known then, joined point in time through Feast, and the truth that followed: "
            f"{product.label.description} May be used to train and judge this product only."
        ),
    )
    def training_set(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.orchestration.retraining_steps import make_set

        ledger = open_ledger(settings.ledger_dsn)
        made = make_set(settings, ledger, product, run_facts(context), request_of(context))
        return dg.MaterializeResult(
            data_version=dg.DataVersion(made.digest),
            metadata={
                "dagster/row_count": made.details["rows"],
                "cutoff": made.details["cutoff"],
                "path": dg.MetadataValue.path(made.uri),
                "digest": made.digest,
                "artifact": made.artifact_id,
            },
        )

    return training_set


def _pair_specs(product: Product) -> list[dg.AssetSpec]:
    is_boosted = not isinstance(product.recipe, RfmSegments)
    described: dict[PairHalf, str] = {
        "preprocessor": (
            "The half of the pair that turns features into the model's columns. Trained, registered and released "
            "together with the model; never used with another one."
        ),
        "model": (
            f"The half of the pair that scores. Meaning of the score: {product.score.meaning} "
            f"Intended use: {product.score.intended_use}"
        ),
    }
    return [
        dg.AssetSpec(
            _key(product, half),
            description=description,
            group_name=product.name,
            owners=[owner_of(product.owner)],
            tags=tags_of(product),
            kinds={"lightgbm", "mlflow"} if is_boosted else {"mlflow"},
            deps=[_key(product, "training_set")],
        )
        for half, description in described.items()
    ]


def _pair(product: Product, settings: Settings) -> dg.AssetsDefinition:
    @dg.multi_asset(name=f"{product.name}_pair", specs=_pair_specs(product))
    def pair(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        from platform_assets.ledger.artifacts import artifact_id, get_artifact
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.cost.meter import metered
        from platform_assets.orchestration.retraining_steps import train_asked
        from platform_assets.registry.pair import HALVES

        ledger = open_ledger(settings.ledger_dsn)
        facts = run_facts(context)
        with metered() as meter:
            trained = train_asked(settings, ledger, product, facts, request_of(context))
        examples = get_artifact(
            ledger, artifact_id("training_set", product.name, trained.manifest.training_set_digest)
        ).details["rows"]
        used = keep_use(settings, meter, facts, product=product.name, mode="training", rows=examples)
        for half in HALVES:
            yield dg.MaterializeResult(
                asset_key=_key(product, half),
                data_version=dg.DataVersion(trained.digest),
                metadata={
                    "model_version": trained.manifest.model_version,
                    "bundle": dg.MetadataValue.path(str(trained.bundle)),
                    "bundle_digest": trained.digest,
                    "mlflow_run": trained.manifest.training_run_id,
                    "mlflow_model": names.registered_model(product.name, half),
                    "training_set_digest": trained.manifest.training_set_digest,
                    "artifact": trained.artifact,
                    "is_new": trained.is_new,
                    **used,
                },
            )

    return pair


def _evaluation(product: Product, settings: Settings) -> dg.AssetsDefinition:
    key = _key(product, "evaluation")

    @dg.asset(
        key=key,
        group_name=product.name,
        deps=[_key(product, "model"), _key(product, "preprocessor"), _key(product, "training_set")],
        owners=[owner_of(product.owner)],
        tags=tags_of(product),
        kinds={"mlflow"},
        description=(
            f"How good the pair is on examples from {product.split.cutoff} on, or from where a request for a new model "
            "moved the cut-off, which it never saw, beside the plain "
            "baselines it must beat. Values come with 95 % bootstrap intervals. Each gate is a check of this asset; "
            "a model that fails one is not released."
        ),
        check_specs=gate_specs(product, key),
    )
    def evaluation(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.orchestration.retraining_steps import judge_asked
        from platform_assets.training.evaluation_report import as_markdown

        ledger = open_ledger(settings.ledger_dsn)
        report = judge_asked(settings, ledger, product, run_facts(context), request_of(context))
        judgement = report.judgement
        return dg.MaterializeResult(
            data_version=dg.DataVersion(report.digest),
            metadata={
                "model_version": report.model_version,
                "measurements": dg.MetadataValue.md(as_markdown(judgement)),
                "artifact": report.artifact,
                **judgement.evaluation.metrics(),
            },
            check_results=gate_checks(judgement.gates),
        )

    return evaluation


def _release(product: Product, settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=_key(product, "release"),
        group_name=product.name,
        deps=[_key(product, "evaluation"), _key(product, "model")],
        owners=[owner_of(product.owner)],
        tags=tags_of(product),
        kinds={"mlflow"},
        description=(
            "The immutable object that consumers get: bundle, contract version and fallbacks under one id that every "
            "answer names. It exists only when every gate holds; both halves of the pair carry its alias in MLflow."
        ),
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.orchestration.retraining_steps import release_asked
        from platform_assets.training.approval import APPROVED_BY
        from platform_assets.training.model_card import card_of
        from platform_assets.training.model_card_page import write_card

        ledger = open_ledger(settings.ledger_dsn)
        approval = release_asked(settings, ledger, product, run_facts(context), request_of(context))
        made = approval.release
        shown = approval.begun or made
        card = write_card(settings, card_of(settings, ledger, product, shown.release_id))
        context.instance.add_dynamic_partitions(names.model_partitions(product.name), [str(made.model_version)])
        return dg.MaterializeResult(
            data_version=dg.DataVersion(made.release_id),
            metadata={
                "release_id": made.release_id,
                "model_version": made.model_version,
                "bundle_digest": made.bundle_digest,
                "approved_by": APPROVED_BY,
                "reason": made.reason,
                "is_new": approval.is_new,
                "model_card": dg.MetadataValue.path(str(card)),
                **({"on_its_way": approval.begun.release_id} if approval.begun else {}),
            },
        )

    return release
