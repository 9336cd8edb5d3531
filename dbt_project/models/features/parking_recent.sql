with same_day as (
    select
        parking_bay_id,
        slot_at,
        slot_number,
        capacity,
        observed_at,
        is_observed,
        occupancy_ratio,
        {%- for n in range(1, 5) %}
        lag(occupancy_ratio, {{ n }}) over of_day as occupancy_ratio_lag_{{ n }},
        {%- endfor %}
        sum(occupancy_ratio::decimal(18, 9)) over of_day::double / count(occupancy_ratio) over of_day
            as occupancy_ratio_day_mean,
        lag(occupancy_ratio, 1) over of_slot as occupancy_ratio_1d_ago,
        lag(occupancy_ratio, 7) over of_slot as occupancy_ratio_7d_ago,
        list_avg([
            lag(occupancy_ratio, 7) over of_slot,
            lag(occupancy_ratio, 14) over of_slot,
            lag(occupancy_ratio, 21) over of_slot
        ]) as occupancy_ratio_mean_3w
    from {{ ref('parking_slots') }}
    window
        of_day as (partition by parking_bay_id, slot_at::date order by slot_at),
        of_slot as (partition by parking_bay_id, slot_number order by slot_at)
)

select
    parking_bay_id,
    observed_at as event_at,
    slot_at,
    observed_at,
    occupancy_ratio,
    occupancy_ratio_lag_1,
    occupancy_ratio_lag_2,
    occupancy_ratio_lag_3,
    occupancy_ratio_lag_4,
    occupancy_ratio - occupancy_ratio_lag_1 as occupancy_ratio_change_1,
    occupancy_ratio - occupancy_ratio_lag_3 as occupancy_ratio_change_3,
    occupancy_ratio_1d_ago,
    occupancy_ratio_7d_ago,
    occupancy_ratio_mean_3w,
    occupancy_ratio_day_mean,
    capacity
from same_day
where is_observed and {{ is_in_as_of_days('observed_at') }}
order by event_at, parking_bay_id
