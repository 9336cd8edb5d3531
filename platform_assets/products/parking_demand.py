"""Parking demand: how full a car park will be, half an hour and a day ahead."""

import datetime as dt

from platform_assets.contract.evaluation import ColumnBaseline, Gate, Label, Slice, TimeSplit
from platform_assets.contract.features import FeatureService, FeatureViewUse, OnDemand, RequestField
from platform_assets.contract.guardrails import Guardrails, Limit
from platform_assets.contract.online import Online
from platform_assets.contract.product import Entity, Product
from platform_assets.contract.promises import AutomatedAction, BatchPlan, Freshness, Owner
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.contract.score import Score
from platform_assets.contract.streaming import Measure, StreamedColumn, StreamingFeatures

PRODUCT = Product(
    name="parking_demand",
    title="Parking demand",
    description="Occupancy ratio of a car park at a half-hour slot: 30 minutes ahead online, the next day nightly.",
    dataset="car_parks",
    owner=Owner(team="city-operations", email="city-operations@example.com"),
    entity=Entity(
        name="parking_bay_id",
        row_keys=("parking_bay_id", "target_at"),
        description="A car park and the half-hour slot that is predicted.",
    ),
    label=Label(
        sql="""
            select e.row_id, s.occupancy_ratio as label
            from examples e
            left join parking_slots s on s.parking_bay_id = e.parking_bay_id and s.slot_at = e.target_at
        """,
        horizon_hours=24,
        description="Observed occupancy ratio at the target slot; unknown where nothing was observed.",
    ),
    request=(
        RequestField(
            name="target_at",
            type="timestamp",
            description="The half-hour slot to predict, from 08:00 to 16:30, at most a day ahead.",
            example="2016-12-19T12:30:00Z",
        ),
    ),
    features=FeatureService(
        version=1,
        views=(
            FeatureViewUse(
                view="parking_recent",
                columns=(
                    "occupancy_ratio",
                    "occupancy_ratio_lag_1",
                    "occupancy_ratio_lag_2",
                    "occupancy_ratio_lag_3",
                    "occupancy_ratio_lag_4",
                    "occupancy_ratio_change_1",
                    "occupancy_ratio_change_3",
                    "occupancy_ratio_1d_ago",
                    "occupancy_ratio_7d_ago",
                    "occupancy_ratio_mean_3w",
                    "occupancy_ratio_day_mean",
                    "observed_at",
                    "capacity",
                ),
            ),
            FeatureViewUse(
                view="parking_slot_history",
                columns=(
                    "slot_ratio_1d",
                    "slot_ratio_2d",
                    "slot_ratio_3d",
                    "slot_ratio_7d",
                    "slot_ratio_14d",
                    "slot_ratio_21d",
                    "slot_ratio_mean_3d",
                    "slot_ratio_mean_3w",
                    "day_ratio_mean_2d",
                    "day_ratio_mean_7d",
                ),
            ),
        ),
    ),
    on_demand=(
        OnDemand(
            name="slot_number",
            operation="half_hour_slot",
            inputs=("target_at",),
            description="Half hour of the day of the target slot; with the car park the key of its history.",
        ),
        OnDemand(
            name="target_weekday",
            operation="day_of_week",
            inputs=("target_at",),
            description="Day of the week of the target slot.",
        ),
        OnDemand(
            name="minutes_ahead",
            operation="minutes_between",
            inputs=("target_at", "event_at"),
            description="How far ahead the target slot lies.",
        ),
        OnDemand(
            name="observation_age_minutes",
            operation="minutes_between",
            inputs=("event_at", "observed_at"),
            description="Age of the newest observation.",
        ),
        OnDemand(
            name="drop_since_yesterday",
            operation="difference",
            inputs=("occupancy_ratio_1d_ago", "occupancy_ratio"),
            description="Occupancy ratio at the same slot the day before, less the newest one.",
        ),
        OnDemand(
            name="carried_from_yesterday",
            operation="difference",
            inputs=("slot_ratio_1d", "drop_since_yesterday"),
            description="The target slot's ratio the day before, shifted by what differs now.",
        ),
        OnDemand(
            name="drop_since_last_week",
            operation="difference",
            inputs=("occupancy_ratio_7d_ago", "occupancy_ratio"),
            description="Occupancy ratio at the same slot a week before, less the newest one.",
        ),
        OnDemand(
            name="carried_from_last_week",
            operation="difference",
            inputs=("slot_ratio_7d", "drop_since_last_week"),
            description="The target slot's ratio a week before, shifted by what differs now.",
        ),
        OnDemand(
            name="drop_since_three_weeks",
            operation="difference",
            inputs=("occupancy_ratio_mean_3w", "occupancy_ratio"),
            description="Occupancy ratio at the same slot the three weeks before, on the mean, less the newest one.",
        ),
        OnDemand(
            name="carried_from_three_weeks",
            operation="difference",
            inputs=("slot_ratio_mean_3w", "drop_since_three_weeks"),
            description="The target slot's ratio the three weeks before, on the mean, shifted by what differs now.",
        ),
    ),
    not_inputs=("target_at", "observed_at"),
    recipe=GradientBoosting(
        objective="regression_l1",
        rounds=300,
        learning_rate=0.06,
        leaves=127,
        min_rows_per_leaf=40,
        feature_fraction=0.8,
    ),
    split=TimeSplit(cutoff=dt.date(2016, 12, 6), train_from=dt.date(2016, 10, 5), step="day", test_days=13),
    examples="""
        select a.as_of, coalesce(p.closed_at, s.slot_at - interval 30 minute) as event_at,
               s.parking_bay_id, s.slot_at as target_at
        from parking_slots s
        join as_of a on cast(s.slot_at as date)::timestamp = a.as_of
        left join parking_slots p
          on p.parking_bay_id = s.parking_bay_id and p.slot_at = s.slot_at - interval 30 minute
        where s.is_observed
        union all
        select a.as_of, a.as_of as event_at, s.parking_bay_id, s.slot_at as target_at
        from as_of a
        join parking_slots s on s.slot_at >= a.as_of and s.slot_at < a.as_of + interval 1 day
        -- A third of the slots of each day, in turn: more of them would drown what is learned for the next half hour.
        where s.is_observed and (s.slot_number + date_part('dayofyear', a.as_of)) % 3 = 0
    """,
    slices=(
        # Half an hour ahead means that the slot before has just been read; its reading may come minutes after its slot.
        Slice(name="30_minutes_ahead", column="observation_age_minutes", low=0, high=20),
        Slice(name="day_ahead", column="minutes_ahead", low=400, high=1440),
    ),
    baselines=(
        ColumnBaseline(name="previous_slot", column="occupancy_ratio"),
        ColumnBaseline(name="last_week", column="slot_ratio_7d"),
    ),
    gates=(
        Gate(metric="mae", slice="30_minutes_ahead", maximum=0.014),
        Gate(metric="mae", slice="30_minutes_ahead", better_than="previous_slot", by_factor=2.5),
        Gate(metric="mae", slice="day_ahead", better_than="last_week"),
    ),
    score=Score(
        meaning="Expected share of the car park's spaces that are taken at the target slot.",
        kind="estimate",
        low=0.0,
        high=1.1,
        unit="ratio",
        intended_use="Guide drivers, price spaces, plan staff.",
        known_limitations=(
            "Trained on eleven weeks before Christmas; no other season was seen.",
            "Only slots from 08:00 to 16:30 are observed.",
            "Counters sometimes exceed the capacity; such readings are capped at 1.1 in the data.",
        ),
    ),
    batch=BatchPlan(
        cadence="nightly",
        cron="15 0 * * *",
        population="""
            select a.as_of, a.as_of as event_at, b.parking_bay_id, a.as_of + to_minutes(480 + 30 * n.range) as target_at
            from as_of a
            cross join (select distinct parking_bay_id from parking_slots where is_observed) b
            cross join range(0, 18) n
        """,
        freshness=Freshness(
            max_age_hours=30,
            warn_hours=26,
            max_publication_age_hours=28,
            max_source_age_hours=24,  # a day without a reading is an outage of the counters
        ),
    ),
    guardrails=Guardrails(
        min_rows=18,
        season_days=7,  # a Sunday is like the last Sunday, not like a Saturday
        # The base rates are those of months; a Sunday is far below them.
        limits=(
            Limit(guardrail="mean_score", warn=0.35, fail=0.5),
            Limit(guardrail="psi_from_training", warn=0.6, fail=1.5),
            Limit(guardrail="score_jumps", warn=0.15, fail=0.3),
        ),
    ),
    actions=(
        AutomatedAction(
            name="price_step",
            description="Set the price step of the next slots of a car park.",
        ),
    ),
    online=Online(
        owner=Owner(team="city-operations", email="city-operations@example.com"),
        fallbacks=("last_batch", "skip_action"),
        default_score=0.5,
        max_feature_age_hours=24,
        streaming=StreamingFeatures(
            event="parking_reading",
            description="A reading of a car park's counter.",
            view="parking_recent",
            key=("parking_bay_id",),
            fields=(
                RequestField(
                    name="occupancy", type="integer", description="Spaces taken.", example=312, low=0, high=100_000
                ),
                RequestField(
                    name="capacity", type="integer", description="Spaces there are.", example=577, low=1, high=100_000
                ),
            ),
            measures=(
                # Counters run a little over; more than that is a counting error, capped here as in the batch.
                Measure(name="ratio", field="occupancy", per="capacity", at_most=1.1),
                Measure(name="capacity", field="capacity"),
            ),
            columns=(
                StreamedColumn(column="occupancy_ratio", operation="latest", measure="ratio"),
                *(
                    StreamedColumn(column=f"occupancy_ratio_lag_{back}", operation="lag", measure="ratio", back=(back,))
                    for back in (1, 2, 3, 4)
                ),
                *(
                    StreamedColumn(
                        column=f"occupancy_ratio_change_{back}", operation="change", measure="ratio", back=(back,)
                    )
                    for back in (1, 3)
                ),
                StreamedColumn(column="occupancy_ratio_1d_ago", operation="days_ago", measure="ratio", back=(1,)),
                StreamedColumn(column="occupancy_ratio_7d_ago", operation="days_ago", measure="ratio", back=(7,)),
                StreamedColumn(
                    column="occupancy_ratio_mean_3w", operation="days_ago", measure="ratio", back=(7, 14, 21)
                ),
                StreamedColumn(column="occupancy_ratio_day_mean", operation="day_mean", measure="ratio"),
                StreamedColumn(column="observed_at", operation="event_at"),
                StreamedColumn(column="capacity", operation="latest", measure="capacity"),
            ),
            batch="""
                select parking_bay_id, observed_at as event_at, occupancy, capacity from parking_slots where is_observed
            """,
            bucket_minutes=30,
            early_minutes=15,  # a reading a few minutes before its slot is the slot's
            first_minute=480,
            last_minute=990,
            history_days=21,
        ),
    ),
)
