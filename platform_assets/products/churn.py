"""Churn: who will not buy in the next 90 days."""

import datetime as dt

from platform_assets.contract.evaluation import ColumnBaseline, Gate, Label, LogisticBaseline, TimeSplit
from platform_assets.contract.explanation import Explanation, Reason
from platform_assets.contract.features import FeatureService, FeatureViewUse, OnDemand
from platform_assets.contract.guardrails import Guardrails, Limit
from platform_assets.contract.online import Online
from platform_assets.contract.product import Entity, Product
from platform_assets.contract.promises import AutomatedAction, BatchPlan, Freshness, Owner
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.contract.score import Score, Threshold

# What the value of each input is about, in words for the people who talk to customers.
_REASONS = {
    "order_count": "The number of orders so far",
    "order_count_30d": "The number of orders in the last month",
    "order_count_90d": "The number of orders in the last 90 days",
    "order_count_180d": "The number of orders in the last half year",
    "order_count_365d": "The number of orders in the last year",
    "net_spend_gbp": "What was spent so far",
    "net_spend_gbp_30d": "What was spent in the last month",
    "net_spend_gbp_90d": "What was spent in the last 90 days",
    "net_spend_gbp_180d": "What was spent in the last half year",
    "net_spend_gbp_365d": "What was spent in the last year",
    "gap_days_mean": "The usual time between orders",
    "gap_days_median": "The typical time between orders",
    "gap_days_std": "How regularly orders come",
    "gap_days_last": "The time between the last two orders",
    "product_count_365d": "The variety of products in the last year",
    "piece_count_365d": "The number of pieces in the last year",
    "line_count_mean_365d": "The usual size of an order",
    "order_gbp_mean": "The usual value of an order",
    "order_gbp_max": "The value of the largest order",
    "cancellation_count_90d": "The number of cancellations in the last 90 days",
    "cancellation_count_365d": "The number of cancellations in the last year",
    "cancelled_gbp_ratio_365d": "The cancelled share of what was ordered in the last year",
    "active_month_count_12m": "The number of months with an order in the last year",
    "days_since_last_order": "The time since the last order",
    "days_since_first_order": "The time since the first order",
    "overdue_ratio": "How overdue the next order is by the customer's own habit",
}

PRODUCT = Product(
    name="churn",
    title="Customer churn",
    description="Probability that a customer who bought in the last 365 days buys nothing in the next 90 days.",
    dataset="online_retail",
    owner=Owner(team="customer-intelligence", email="customer-intelligence@example.com"),
    entity=Entity(
        name="customer_id",
        row_keys=("customer_id",),
        description="A customer account that bought at least once in the 365 days before the as-of.",
    ),
    label=Label(
        sql="""
            select e.row_id, cast(count(o.order_id) = 0 as double) as label
            from examples e
            left join orders o
              on o.customer_id = e.customer_id
             and o.ordered_at >= e.event_at and o.ordered_at < e.event_at + interval 90 day
            group by e.row_id
        """,
        horizon_hours=90 * 24,
        description="1 when no purchase order follows within 90 days of the as-of, else 0.",
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
                    "net_spend_gbp",
                    "net_spend_gbp_30d",
                    "net_spend_gbp_90d",
                    "net_spend_gbp_180d",
                    "net_spend_gbp_365d",
                    "gap_days_mean",
                    "gap_days_median",
                    "gap_days_std",
                    "gap_days_last",
                    "product_count_365d",
                    "piece_count_365d",
                    "line_count_mean_365d",
                    "order_gbp_mean",
                    "order_gbp_max",
                    "cancellation_count_90d",
                    "cancellation_count_365d",
                    "cancelled_gbp_ratio_365d",
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
        OnDemand(
            name="overdue_ratio",
            operation="ratio",
            inputs=("days_since_last_order", "gap_days_mean"),
            description="Days since the last order in units of the customer's own mean gap between orders.",
        ),
    ),
    not_inputs=("last_order_at", "first_order_at"),
    recipe=GradientBoosting(
        objective="binary",
        rounds=250,
        learning_rate=0.03,
        leaves=8,
        min_rows_per_leaf=100,
        feature_fraction=0.4,
        calibration="isotonic",
        calibration_days=45,
    ),
    split=TimeSplit(cutoff=dt.date(2011, 9, 10), train_from=dt.date(2010, 6, 10), step="month"),
    baselines=(
        ColumnBaseline(name="recency", column="days_since_last_order"),
        LogisticBaseline(
            name="logistic_rfm", columns=("days_since_last_order", "order_count_365d", "net_spend_gbp_365d")
        ),
    ),
    gates=(
        Gate(metric="auc", minimum=0.77),
        Gate(metric="auc", better_than="logistic_rfm"),
        Gate(metric="brier", better_than="logistic_rfm"),
    ),
    score=Score(
        meaning="Probability of no purchase in the 90 days after the as-of.",
        kind="probability",
        low=0.0,
        high=1.0,
        unit="probability",
        intended_use="Rank and select customers for retention offers; compare groups and periods.",
        known_limitations=(
            "The base rate is seasonal: before Christmas fewer customers churn than the yearly mean.",
            "Customers without a purchase in the last 365 days and purchases without a customer id are not covered.",
            "Not a statement about a person; not for credit, pricing or exclusion decisions.",
        ),
        threshold=Threshold(value=0.5, at_or_above="likely_to_churn", below="likely_to_stay"),
    ),
    batch=BatchPlan(
        cadence="weekly",
        cron="0 4 * * 1",
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
        # Calibrated for the season of its cut-off: three months away the mean is up to 0.23 off.
        limits=(Limit(guardrail="calibration", warn=0.25),),
    ),
    actions=(
        AutomatedAction(
            name="retention_offer",
            description="Send a retention offer to customers above the threshold.",
        ),
    ),
    online=Online(
        owner=Owner(team="customer-intelligence", email="customer-intelligence@example.com"),
        fallbacks=("last_batch", "default_score", "skip_action"),
        default_score=0.5,
        max_feature_age_hours=24,
    ),
    explanation=Explanation(
        top_k=3,
        reasons=tuple(
            Reason(feature=feature, higher=f"{about} speaks for leaving", lower=f"{about} speaks for staying")
            for feature, about in _REASONS.items()
        ),
    ),
)
