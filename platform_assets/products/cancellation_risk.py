"""Cancellation risk: will a line of this order be cancelled within 30 days."""

import datetime as dt

from platform_assets.contract.evaluation import ColumnBaseline, Gate, Label, LogisticBaseline, TimeSplit
from platform_assets.contract.features import FeatureService, FeatureViewUse, OnDemand, RequestField
from platform_assets.contract.guardrails import Guardrails, Limit, SwitchedOff
from platform_assets.contract.online import Online
from platform_assets.contract.product import Entity, Product
from platform_assets.contract.promises import AutomatedAction, BatchPlan, Freshness, Owner
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.contract.score import Score, Threshold

PRODUCT = Product(
    name="cancellation_risk",
    title="Order cancellation risk",
    description="Probability that a product line of an order is cancelled within 30 days, known when the order is submitted.",
    dataset="online_retail",
    owner=Owner(team="order-operations", email="order-operations@example.com"),
    entity=Entity(
        name="order_id",
        row_keys=("order_id",),
        description="A purchase order of a known customer, at the instant of its submission.",
    ),
    label=Label(
        sql="""
            select e.row_id, cast(count(c.order_id) > 0 as double) as label
            from examples e
            left join cancellations c
              on c.order_id = e.order_id and c.is_product
             and c.cancelled_at >= e.event_at and c.cancelled_at < e.event_at + interval 30 day
            group by e.row_id
        """,
        horizon_hours=30 * 24,
        description="1 when the cancellation of a product line matched to this order arrives within 30 days, else 0.",
    ),
    request=(
        RequestField(name="customer_id", type="text", description="Customer who submits the order.", example="13085"),
        RequestField(name="order_gbp", type="number", description="Total of the order in GBP.", example=505.3, low=0.0),
        RequestField(name="line_count", type="integer", description="Lines of the order.", example=8, low=1),
        RequestField(name="product_count", type="integer", description="Different products.", example=8, low=0),
        RequestField(name="piece_count", type="integer", description="Pieces over all lines.", example=166, low=1),
        RequestField(name="line_gbp_max", type="number", description="Largest line in GBP.", example=100.8, low=0.0),
        RequestField(
            name="unit_price_gbp_mean", type="number", description="Mean unit price in GBP.", example=3.7, low=0.0
        ),
        RequestField(name="country", type="text", description="Country of delivery.", example="United Kingdom"),
    ),
    features=FeatureService(
        version=1,
        views=(
            FeatureViewUse(
                view="customer_orders",
                columns=(
                    "last_order_at",
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
            description="Days from the customer's previous order to this one.",
        ),
        OnDemand(
            name="order_size_ratio",
            operation="ratio",
            inputs=("order_gbp", "order_gbp_mean"),
            description="Total of this order in units of the customer's mean order.",
        ),
        OnDemand(
            name="order_size_record_ratio",
            operation="ratio",
            inputs=("order_gbp", "order_gbp_max"),
            description="Total of this order in units of the customer's largest order so far.",
        ),
        OnDemand(
            name="pieces_per_line",
            operation="ratio",
            inputs=("piece_count", "line_count"),
            description="Mean pieces per line of this order.",
        ),
        OnDemand(
            name="cancellations_per_order",
            operation="ratio",
            inputs=("cancellation_count_365d", "order_count_365d"),
            description="Cancelled lines in 365 days per order in 365 days.",
        ),
        OnDemand(
            name="submitted_hour",
            operation="hour_of_day",
            inputs=("event_at",),
            description="Hour of submission in UTC.",
        ),
    ),
    not_inputs=("last_order_at", "customer_id"),
    categories=("country",),
    recipe=GradientBoosting(
        objective="binary",
        rounds=180,
        learning_rate=0.03,
        leaves=8,
        min_rows_per_leaf=100,
        feature_fraction=0.4,
        calibration="isotonic",
    ),
    split=TimeSplit(cutoff=dt.date(2011, 8, 1), train_from=dt.date(2010, 3, 1), step="day", test_days=99),
    baselines=(
        ColumnBaseline(name="past_cancellations", column="cancellations_per_order"),
        LogisticBaseline(name="logistic_order", columns=("order_gbp", "line_count", "cancellation_count_365d")),
    ),
    gates=(
        Gate(metric="auc", minimum=0.72),
        Gate(metric="auc", better_than="logistic_order"),
    ),
    score=Score(
        meaning="Probability that at least one product line of the order is cancelled within 30 days of its submission.",
        kind="probability",
        low=0.0,
        high=1.0,
        unit="probability",
        intended_use="Order handling: confirm unusual orders before picking, plan returns.",
        known_limitations=(
            "The label is a returned or cancelled line, not fraud; it says nothing about intent.",
            "Cancellations are matched to the latest earlier purchase of the same customer and product (91 % match).",
            "First orders of a new customer have no stored features and are scored by order facts alone.",
        ),
        threshold=Threshold(value=0.3, at_or_above="review", below="accept"),
    ),
    batch=BatchPlan(
        cadence="daily",
        cron="0 3 * * *",
        population="""
            select
              a.as_of, o.ordered_at as event_at, o.order_id, o.customer_id, o.total_gbp as order_gbp,
              o.line_count, o.product_count, o.piece_count, o.max_line_gbp as line_gbp_max,
              o.mean_unit_price_gbp as unit_price_gbp_mean, o.country
            from as_of a
            join orders o on o.ordered_at < a.as_of and o.ordered_at >= a.as_of - interval 1 day
        """,
        freshness=Freshness(
            max_age_hours=48,
            warn_hours=30,
            max_publication_age_hours=36,
            max_source_age_hours=72,  # no orders on Saturdays
        ),
    ),
    guardrails=Guardrails(
        min_rows=0,  # Saturdays have no orders
        max_row_change_ratio=4.0,  # after a holiday; a weekday differs from the last one by up to 2.6
        season_days=7,
        limits=(Limit(guardrail="quantiles_from_last", warn=0.5, fail=1.0),),  # of about 50 orders a day
        off=(
            SwitchedOff(guardrail="new_entities", reason="every order is new; it is scored once"),
            SwitchedOff(guardrail="lost_entities", reason="every order is scored once"),
            SwitchedOff(guardrail="score_jumps", reason="no order is in two batches"),
            SwitchedOff(guardrail="unmoved_scores", reason="no order is in two batches"),
        ),
    ),
    actions=(
        AutomatedAction(
            name="order_hold",
            description="Hold a risky order for a look before it is picked.",
        ),
    ),
    online=Online(
        owner=Owner(team="order-operations", email="order-operations@example.com"),
        fallbacks=("default_score", "skip_action"),
        default_score=0.15,
        max_feature_age_hours=36,
    ),
)
