"""Customer lifetime value: what a customer will spend, net of cancellations, in the next 90 days."""

import datetime as dt

from platform_assets.contract.evaluation import ColumnBaseline, Gate, Label, TimeSplit
from platform_assets.contract.features import FeatureService, FeatureViewUse, OnDemand
from platform_assets.contract.guardrails import Guardrails, Limit
from platform_assets.contract.product import Entity, Product
from platform_assets.contract.promises import AutomatedAction, BatchPlan, Freshness, Owner
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.contract.score import Score

PRODUCT = Product(
    name="clv",
    title="Customer lifetime value",
    description="Net spend in GBP in the next 90 days of each customer who bought in the last 365 days.",
    dataset="online_retail",
    owner=Owner(team="customer-intelligence", email="customer-intelligence@example.com"),
    entity=Entity(
        name="customer_id",
        row_keys=("customer_id",),
        description="A customer account that bought at least once in the 365 days before the as-of.",
    ),
    label=Label(
        sql="""
            select e.row_id, greatest(coalesce(sum(s.amount_gbp), 0), 0) as label
            from examples e
            left join net_spend s
              on s.customer_id = e.customer_id
             and s.event_at >= e.event_at and s.event_at < e.event_at + interval 90 day
            group by e.row_id
        """,
        horizon_hours=90 * 24,
        description="Purchases less matched cancellations in the 90 days after the as-of, in GBP, at least 0.",
    ),
    features=FeatureService(
        version=1,
        views=(
            FeatureViewUse(
                view="customer_orders",
                columns=(
                    "last_order_at",
                    "first_order_at",
                    "order_count",
                    "order_count_30d",
                    "order_count_90d",
                    "order_count_180d",
                    "order_count_365d",
                    "net_spend_gbp_30d",
                    "net_spend_gbp_90d",
                    "net_spend_gbp_180d",
                    "net_spend_gbp_365d",
                    "gap_days_mean",
                    "product_count_365d",
                    "order_gbp_mean",
                    "order_gbp_max",
                    "active_month_count_12m",
                ),
            ),
        ),
    ),
    on_demand=(
        OnDemand(
            name="days_since_last_order",
            operation="days_between",
            inputs=("event_at", "last_order_at"),
            description="Days from the last purchase order to the instant of the prediction.",
        ),
        OnDemand(
            name="days_since_first_order",
            operation="days_between",
            inputs=("event_at", "first_order_at"),
            description="Days from the first purchase order to the instant of the prediction.",
        ),
    ),
    not_inputs=("last_order_at", "first_order_at"),
    recipe=GradientBoosting(
        objective="tweedie",
        rounds=250,
        learning_rate=0.03,
        leaves=15,
        min_rows_per_leaf=60,
        feature_fraction=0.7,
        tweedie_power=1.4,
        calibration_days=45,
    ),
    split=TimeSplit(cutoff=dt.date(2011, 9, 10), train_from=dt.date(2010, 6, 10), step="month"),
    baselines=(ColumnBaseline(name="last_90_days", column="net_spend_gbp_90d"),),
    gates=(
        Gate(metric="mae", better_than="last_90_days"),
        Gate(metric="spearman", better_than="last_90_days"),
    ),
    score=Score(
        meaning="Expected net spend in the 90 days after the as-of: purchases less cancellations.",
        kind="estimate",
        low=0.0,
        high=1_000_000.0,
        unit="GBP",
        intended_use="Rank customers by value, plan service levels and budgets, sum over groups.",
        known_limitations=(
            "The largest customers dominate the error; a single figure for one of them is weak.",
            "Cancellations that match no earlier purchase line of the customer are not netted.",
            "Purchases without a customer id are not covered.",
        ),
    ),
    batch=BatchPlan(
        cadence="weekly",
        cron="15 4 * * 1",
        population="""
            select distinct a.as_of, a.as_of as event_at, o.customer_id
            from as_of a
            join orders o on o.ordered_at < a.as_of and o.ordered_at >= a.as_of - interval 365 day
        """,
        freshness=Freshness(
            max_age_hours=8 * 24,
            warn_hours=7 * 24 + 6,
            max_publication_age_hours=7 * 24 + 12,
            max_source_age_hours=14 * 24,  # the shop closes for twelve days at Christmas
        ),
    ),
    guardrails=Guardrails(
        min_rows=50,
        # The spend before Christmas is more than twice that of January.
        limits=(Limit(guardrail="calibration", warn=0.5),),
    ),
    actions=(
        AutomatedAction(
            name="service_tier",
            description="Raise the service tier of customers of high expected value.",
        ),
    ),
)
