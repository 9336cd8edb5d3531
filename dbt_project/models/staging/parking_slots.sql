with readings as (
    select
        *,
        time_bucket(interval 30 minute, observed_at + interval 15 minute) as slot_at
    from {{ source('raw', 'car_parks') }}
),

-- Repeated and double readings: the first one counts, so that what a slot holds never changes once it is known.
one_per_slot as (
    select *
    from readings
    where slot_at::time between time '08:00' and time '16:30'
    qualify row_number() over (
        partition by parking_bay_id, slot_at order by observed_at, source_row
    ) = 1
),

span as (
    select min(slot_at)::date as first_date, max(slot_at) as last_slot_at from one_per_slot
),

-- Days without a single reading are in the grid too: a lag of seven days is always seven rows back.
grid as (
    select
        bays.parking_bay_id,
        bays.capacity,
        days.first_slot_at + to_minutes(30 * slots.slot) as slot_at
    from (select parking_bay_id, max_by(capacity, observed_at) as capacity from readings group by parking_bay_id) as bays
    cross join (
        select unnest(generate_series(first_date + time '08:00', last_slot_at, interval 1 day)) as first_slot_at from span
    ) as days
    cross join range(0, 18) as slots (slot)
)

select
    grid.parking_bay_id,
    grid.slot_at,
    (hour(grid.slot_at) * 2 + minute(grid.slot_at) // 30)::bigint as slot_number,
    coalesce(readings.capacity, grid.capacity) as capacity,
    readings.occupancy,
    -- counters run up to 4 % over; more than 10 % over is taken as a counting error and capped
    -- (least alone would turn a missing reading into 1.1)
    case when readings.occupancy is not null then least(readings.occupancy / readings.capacity, 1.1) end as occupancy_ratio,
    readings.observed_at,
    -- when it is settled what the slot's reading is, or that there is none
    greatest(grid.slot_at, coalesce(readings.observed_at, grid.slot_at + interval 15 minute)) as closed_at,
    readings.observed_at is not null as is_observed,
    coalesce(readings.occupancy > readings.capacity, false) as is_over_capacity
from grid
cross join span
left join one_per_slot as readings using (parking_bay_id, slot_at)
where grid.slot_at <= span.last_slot_at
order by parking_bay_id, slot_at
