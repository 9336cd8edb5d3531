"""Segments: a stable, named place of each customer by recency, frequency and money."""

import datetime as dt

from platform_assets.contract.evaluation import Gate, Label, TimeSplit
from platform_assets.contract.features import FeatureService, FeatureViewUse, OnDemand
from platform_assets.contract.guardrails import Guardrails, Limit
from platform_assets.contract.product import Entity, Product
from platform_assets.contract.promises import AutomatedAction, BatchPlan, Freshness, Owner
from platform_assets.contract.recipes import RfmSegments, SegmentRule
from platform_assets.contract.score import Score

PRODUCT = Product(
    name="segments",
    title="Customer segments",
    description="RFM segment of each customer who bought in the last 365 days; names keep their meaning across runs.",
    dataset="online_retail",
    owner=Owner(team="marketing-analytics", email="marketing-analytics@example.com"),
    entity=Entity(
        name="customer_id",
        row_keys=("customer_id",),
        description="A customer account that bought at least once in the 365 days before the as-of.",
    ),
    label=Label(
        sql="""
            select e.row_id, coalesce(sum(s.amount_gbp), 0) as label
            from examples e
            left join net_spend s
              on s.customer_id = e.customer_id
             and s.event_at >= e.event_at and s.event_at < e.event_at + interval 90 day
            group by e.row_id
        """,
        horizon_hours=90 * 24,
        description="Net spend in the 90 days after the as-of; segments are judged by how well they order it.",
    ),
    features=FeatureService(
        version=1,
        views=(
            FeatureViewUse(
                view="customer_orders",
                columns=("last_order_at", "order_count_365d", "net_spend_gbp_365d"),
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
    ),
    not_inputs=("last_order_at",),
    recipe=RfmSegments(
        recency="days_since_last_order",
        frequency="order_count_365d",
        monetary="net_spend_gbp_365d",
        rules=(
            SegmentRule(name="champions", recency=(4, 5), frequency=(4, 5), monetary=(4, 5)),
            SegmentRule(name="loyal", recency=(3, 5), frequency=(4, 5)),
            SegmentRule(name="big_spenders", recency=(3, 5), monetary=(4, 5)),
            SegmentRule(name="promising", recency=(4, 5), frequency=(1, 3)),
            SegmentRule(name="needs_attention", recency=(3, 3)),
            SegmentRule(name="at_risk", recency=(1, 2), frequency=(3, 5)),
            SegmentRule(name="hibernating", recency=(1, 2), frequency=(1, 2)),
        ),
    ),
    split=TimeSplit(cutoff=dt.date(2011, 9, 10), train_from=dt.date(2010, 12, 10), step="month"),
    gates=(Gate(metric="coverage", minimum=0.999),),
    score=Score(
        meaning="Position of the segment's name in the list of classes; the list is ordered by the rules, not by value.",
        kind="class",
        low=0,
        high=6,
        unit="segment",
        intended_use="Choose the tone and channel of marketing; report the mix of customers over time.",
        known_limitations=(
            "A segment describes the past 365 days; it is not a prediction of behaviour.",
            "Quintile bounds move when the model is trained again; the names and rules do not.",
        ),
        classes=(
            "champions",
            "loyal",
            "big_spenders",
            "promising",
            "needs_attention",
            "at_risk",
            "hibernating",
        ),
    ),
    batch=BatchPlan(
        cadence="monthly",
        cron="30 4 1 * *",
        population="""
            select distinct a.as_of, a.as_of as event_at, o.customer_id
            from as_of a
            join orders o on o.ordered_at < a.as_of and o.ordered_at >= a.as_of - interval 365 day
        """,
        freshness=Freshness(
            max_age_hours=32 * 24,
            warn_hours=31 * 24 + 6,
            max_publication_age_hours=31 * 24 + 12,
            max_source_age_hours=14 * 24,  # the shop closes for twelve days at Christmas
        ),
    ),
    guardrails=Guardrails(
        min_rows=50,
        # A month moves recency by itself: up to 60 % of the customers change their segment after Christmas.
        limits=(
            Limit(guardrail="score_jumps", warn=0.65, fail=0.75),
            Limit(guardrail="psi_from_last", warn=0.25, fail=0.4),
        ),
    ),
    actions=(
        AutomatedAction(
            name="audience_sync",
            description="Move customers between the audiences of campaigns.",
        ),
    ),
)
