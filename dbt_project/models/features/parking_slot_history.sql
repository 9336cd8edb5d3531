-- The row of day D serves targets on day D+1: `1d` is D itself, `7d` is D-6. The grid is dense, so n rows are n days.
with lagged as (
    select
        parking_bay_id,
        slot_number,
        slot_at,
        closed_at,
        occupancy_ratio as slot_ratio_1d,
        {%- for n in (2, 3, 7, 14, 21) %}
        lag(occupancy_ratio, {{ n - 1 }}) over of_slot as slot_ratio_{{ n }}d{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('parking_slots') }}
    window of_slot as (partition by parking_bay_id, slot_number order by slot_at)
),

days as (
    select
        parking_bay_id,
        slot_at::date as slot_date,
        sum(occupancy_ratio::decimal(18, 9))::double / count(occupancy_ratio) as day_ratio_mean
    from {{ ref('parking_slots') }}
    group by parking_bay_id, slot_date
)

select
    lagged.parking_bay_id,
    lagged.slot_number,
    lagged.closed_at as event_at,
    lagged.slot_ratio_1d,
    lagged.slot_ratio_2d,
    lagged.slot_ratio_3d,
    lagged.slot_ratio_7d,
    lagged.slot_ratio_14d,
    lagged.slot_ratio_21d,
    list_avg([slot_ratio_1d, slot_ratio_2d, slot_ratio_3d]) as slot_ratio_mean_3d,
    list_avg([slot_ratio_7d, slot_ratio_14d, slot_ratio_21d]) as slot_ratio_mean_3w,
    yesterday.day_ratio_mean as day_ratio_mean_2d,
    last_week.day_ratio_mean as day_ratio_mean_7d
from lagged
left join days as yesterday
    on yesterday.parking_bay_id = lagged.parking_bay_id and yesterday.slot_date = lagged.slot_at::date - 1
left join days as last_week
    on last_week.parking_bay_id = lagged.parking_bay_id and last_week.slot_date = lagged.slot_at::date - 6
where {{ is_in_as_of_days('lagged.closed_at') }}
order by event_at, parking_bay_id, slot_number
