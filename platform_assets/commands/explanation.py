"""All that follows from a declaration, gathered as plain data in the order in which a reader asks."""

from collections.abc import Iterator
from typing import get_args

from platform_assets.commands.differences import batch_online_differences
from platform_assets.contract import names
from platform_assets.contract.compile import product_digest
from platform_assets.contract.evaluation import COMPARED_BY, Gate
from platform_assets.contract.guardrails import GUARDRAILS, GuardrailName, Guardrails
from platform_assets.contract.product import Product
from platform_assets.contract.promises import Freshness
from platform_assets.contract.recipes import Ensemble, Recipe
from platform_assets.features.view_contracts import load_views
from platform_assets.settings import Settings

Explanation = dict[str, dict[str, object]]
_ONLINE_NOUNS = ("online_snapshot", "endpoint")


def explain_product(product: Product, settings: Settings) -> Explanation:
    """Return sections of named facts; every derived name comes from contract/names.py."""
    return {
        "Product": _product(product),
        "Score": _score(product),
        "Features": _features(product),
        "Quality": _quality(product),
        "Promises": _promises(product),
        "Dagster": _dagster(product),
        "Storage": _storage(product, settings),
        "Online": _online(product, settings),
        "Batch and online": _differences(product, settings),
    }


def _product(product: Product) -> dict[str, object]:
    return {
        "name": product.name,
        "title": product.title,
        "description": product.description,
        "file": f"platform_assets/products/{product.name}.py",
        "declaration digest": product_digest(product)[:16],
        "data set": product.dataset,
        "owner": f"{product.owner.team} <{product.owner.email}>",
        "entity": product.entity.name,
        "a prediction is identified by": product.entity.row_keys,
        "label": product.label.description,
    }


def _score(product: Product) -> dict[str, object]:
    score = product.score
    facts: dict[str, object] = {
        "meaning": score.meaning,
        "kind": score.kind,
        "valid range": f"{score.low} to {score.high} {score.unit}",
        "intended use": score.intended_use,
        "known limitations": score.known_limitations,
        "output schema version": score.schema_version,
    }
    if score.classes:
        facts["classes"] = score.classes
    if score.threshold is not None:
        cut = score.threshold
        facts["label of a score"] = f"{cut.at_or_above} at {cut.value} or above, else {cut.below}"
    return facts


def _features(product: Product) -> dict[str, object]:
    return {
        "feature service": names.feature_service(product.name, product.features.version),
        "stored": [f"{use.view}: {', '.join(use.columns)}" for use in product.features.views],
        "with the request": [f"{field.name} ({field.type}): {field.description}" for field in product.request],
        "on demand": [f"{part.name} = {part.operation}({', '.join(part.inputs)})" for part in product.on_demand],
        "model inputs, in order": ", ".join(product.model_inputs),
    }


def _quality(product: Product) -> dict[str, object]:
    split = product.split
    return {
        "recipe": recipe_text(product.recipe),
        "split": f"train from {split.train_from}, judge from {split.cutoff} on, one as-of per {split.step}",
        "baselines": [baseline.name for baseline in product.baselines],
        "gates": [gate_text(gate) for gate in product.gates],
        "besides, at approval": acceptance_texts(product),
    }


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe as one phrase."""
    if not isinstance(recipe, Ensemble):
        return type(recipe).__name__
    kind = "mean" if recipe.weights is None else f"mean weighted {':'.join(f'{weight:g}' for weight in recipe.weights)}"
    return f"Ensemble, the {kind} of {len(recipe.members)} models by GradientBoosting"


def acceptance_texts(product: Product) -> list[str]:
    """Return as phrases what every candidate of a product has to show besides its own gates."""
    asked = product.acceptance
    metric = asked.metric or COMPARED_BY[product.score.kind][0]
    against = (
        f"{metric} at most {asked.allowed_loss:.3g} worse than that of the release in force on the same examples, "
        f"{asked.allowed_slice_loss:.3g} on a slice, {asked.allowed_unproven_loss:.3g} where no loss is shown"
    )
    calibration = f"calibration_error not shown to be above {asked.max_calibration_error:.3g}"
    return [
        against if asked.with_champion else "no comparison with the release in force",
        *([calibration] if product.score.kind == "probability" else []),
        *([f"at least {asked.min_slice_rows} test rows of each slice"] if product.slices else []),
        "nothing broken for consumers under the same output schema version",
        "known examples answered to the bit as in training",
    ]


def gate_text(gate: Gate) -> str:
    """Return a gate as one phrase."""
    subject = gate.metric if gate.slice == "all" else f"{gate.metric} of {gate.slice}"
    if gate.minimum is not None:
        return f"{subject} at least {gate.minimum}"
    if gate.maximum is not None:
        return f"{subject} at most {gate.maximum}"
    factor = "" if gate.by_factor == 1 else f" by a factor of {gate.by_factor}"
    return f"{subject} better than {gate.better_than}{factor}"


def _promises(product: Product) -> dict[str, object]:
    batch, guardrails = product.batch, product.guardrails
    return {
        "cadence": f"{batch.cadence}, at {batch.cron} UTC",
        "freshness": f"at most {batch.freshness.max_age_hours:g} h old, warning from {batch.freshness.warn_hours:g} h",
        "ages": list(_other_ages(batch.freshness)),
        "actions": [f"{action.name}: {action.description} Not with a stale batch." for action in product.actions],
        "guardrails": [
            f"at least {guardrails.min_rows} rows",
            f"every score from {product.score.low} to {product.score.high}",
            *(guardrail_text(guardrails, name) for name in GUARDRAILS if name not in {"row_count", "value_range"}),
        ],
    }


def _other_ages(freshness: Freshness) -> Iterator[str]:
    yield f"published at most {freshness.max_publication_age_hours or freshness.max_age_hours:g} h ago"
    if freshness.max_source_age_hours is not None:
        yield f"newest raw event at most {freshness.max_source_age_hours:g} h before the as-of"


def guardrail_text(guardrails: Guardrails, name: GuardrailName) -> str:
    """Return a guardrail with its levels as one phrase, or why it is off."""
    reason = guardrails.off_reason(name)
    if reason is not None:
        return f"{name} is off: {reason}"
    limit = guardrails.limit(name)
    levels = (("warns", limit.warn), ("refuses", limit.fail))
    return f"{name} {', '.join(f'{verb} above {level:g}' for verb, level in levels if level is not None)}"


def _dagster(product: Product) -> dict[str, object]:
    nouns = [noun for noun in get_args(names.AssetNoun) if product.online is not None or noun not in _ONLINE_NOUNS]
    return {
        "group": product.name,
        "reads": [
            "/".join(names.raw_key(product.dataset)),
            *("/".join(names.feature_view_key(use.view)) for use in product.features.views),
        ],
        "assets": ["/".join(names.asset_key(product.name, noun)) for noun in nouns],
        "jobs": [names.job_name(product.name, activity) for activity in _activities(product)],
        "model version partitions": names.model_partitions(product.name),
    }


def _activities(product: Product) -> tuple[str, ...]:
    return ("train", "score", "publish", *(("sync", "deploy") if product.online is not None else ()))


def _storage(product: Product, settings: Settings) -> dict[str, object]:
    return {
        "registered models": [names.registered_model(product.name, half) for half in get_args(names.PairHalf)],
        "alias of both": names.ALIAS,
        "training sets": settings.training_dir / product.name,
        "bundles": settings.bundles_dir / product.name,
        "releases": settings.releases_dir / product.name,
        "last batch, online": names.last_batch_service(product.name),
    }


def _online(product: Product, settings: Settings) -> dict[str, object]:
    online = product.online
    if online is None:
        return {"served": "no: the product file has no online block"}
    base = f"http://127.0.0.1:{settings.endpoint_port}"
    service = names.feature_service(product.name, product.features.version)
    return {
        "served": "yes",
        "routes": [f"POST {base}/v1/predict", f"GET {base}/v1/products/{product.name}"],
        "Redis keys": [f"snap:{{{name}}}:*" for name in (service, names.last_batch_service(product.name))],
        "prediction log": names.PREDICTION_STREAM,
        "fallbacks, in order": online.fallbacks,
        "default score": online.default_score,
        "stored features may be": f"{online.max_feature_age_hours:g} h old",
        "latency promise": f"95 % within {online.latency_p95_ms:g} ms, 99 % within {online.latency_p99_ms:g} ms",
        "rows per request": f"at most {online.max_batch_rows}",
        "owner online": f"{online.owner.team} <{online.owner.email}>",
    }


def _differences(product: Product, settings: Settings) -> dict[str, object]:
    """Return where an online answer differs from batch; all else is the same to the last bit."""
    if product.online is None:
        return {"differences": "none: the product is not served online"}
    return {
        difference.what: (
            f"batch: {difference.batch}",
            f"online: {difference.online}",
            f"why: {difference.why}",
            *(f"held by {test}" for test in difference.held_by),
        )
        for difference in batch_online_differences(product, load_views(settings.project_root))
    }
