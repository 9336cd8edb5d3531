"""The product that the benchmark serves: 30 stored features of one view, as any product file would declare it."""

import datetime as dt

from platform_assets.contract.evaluation import Label, TimeSplit
from platform_assets.contract.features import FeatureService, FeatureViewUse
from platform_assets.contract.guardrails import Guardrails
from platform_assets.contract.names import feature_service
from platform_assets.contract.online import Online
from platform_assets.contract.product import Entity, Product
from platform_assets.contract.promises import BatchPlan, Freshness, Owner
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.contract.score import Score, Threshold
from platform_assets.online.layout import Manifest, ViewLayout, build_manifest
from tests.bench.serving.model import FEATURES

_OWNER = Owner(team="bench", email="bench@example.com")
_VIEW = "bench_features"

PRODUCT = Product(
    name="bench",
    title="Serving benchmark",
    description="A model of made-up numbers, to measure the endpoint with.",
    dataset="online_retail",
    owner=_OWNER,
    entity=Entity(name="customer_id", row_keys=("customer_id",), description="A made-up entity."),
    label=Label(sql="select row_id, 0.0 as label from examples", horizon_hours=24, description="Made up."),
    features=FeatureService(version=1, views=(FeatureViewUse(view=_VIEW, columns=FEATURES),)),
    recipe=GradientBoosting(objective="binary", rounds=500, learning_rate=0.05, leaves=31, min_rows_per_leaf=20),
    split=TimeSplit(cutoff=dt.date(2011, 9, 10), train_from=dt.date(2010, 6, 10), step="month"),
    score=Score(
        meaning="Nothing: the numbers are made up.",
        kind="probability",
        low=0.0,
        high=1.0,
        unit="probability",
        intended_use="Measuring.",
        known_limitations=("It predicts nothing.",),
        threshold=Threshold(value=0.5, at_or_above="high", below="low"),
    ),
    batch=BatchPlan(
        cadence="weekly",
        cron="0 4 * * 1",
        population="select as_of, as_of as event_at, 'x' as customer_id from as_of",
        freshness=Freshness(max_age_hours=192, warn_hours=174),
    ),
    guardrails=Guardrails(min_rows=1),
    online=Online(
        owner=_OWNER, fallbacks=("default_score", "skip_action"), default_score=0.5, max_feature_age_hours=24
    ),
)


def bench_layout() -> Manifest:
    """Return the online layout of the product."""
    view = ViewLayout(name=_VIEW, join_keys=("customer_id",), columns=FEATURES)
    return build_manifest(feature_service(PRODUCT.name, PRODUCT.features.version), [view])
