with purchase_days as (
    select
        customer_id,
        ordered_at::date as activity_date,
        count(*) as order_count,
        sum(line_count)::bigint as line_count,
        sum(piece_count)::bigint as piece_count,
        sum({{ exact_gbp('total_gbp') }}) as bought_gbp,
        max(total_gbp) as max_order_gbp,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        max_by(country, (ordered_at, order_id)) as country
    from {{ ref('orders') }}
    group by customer_id, activity_date
),

with_gaps as (
    select
        *,
        activity_date - lag(activity_date) over (partition by customer_id order by activity_date) as gap_days
    from purchase_days
),

cancellation_days as (
    select
        customer_id,
        cancelled_at::date as activity_date,
        count(*) as cancellation_count,
        sum({{ exact_gbp('amount_gbp') }}) as cancelled_gbp
    from {{ ref('cancellations') }}
    group by customer_id, activity_date
),

days as (
    select
        customer_id,
        activity_date,
        coalesce(order_count, 0) as order_count,
        coalesce(line_count, 0) as line_count,
        coalesce(piece_count, 0) as piece_count,
        coalesce(cancellation_count, 0) as cancellation_count,
        coalesce(bought_gbp, 0) as bought_gbp,
        coalesce(cancelled_gbp, 0) as cancelled_gbp,
        max_order_gbp,
        first_order_at,
        last_order_at,
        country,
        gap_days
    from with_gaps
    full outer join cancellation_days using (customer_id, activity_date)
)

select
    customer_id,
    activity_date,
    order_count,
    line_count,
    piece_count,
    cancellation_count,
    bought_gbp::double as bought_gbp,
    cancelled_gbp::double as cancelled_gbp,
    -- from here on: facts of all days up to this one, this one included
    min(first_order_at) over to_date as first_order_at,
    max(last_order_at) over to_date as last_order_at,
    sum(order_count) over to_date::bigint as order_count_to_date,
    sum(bought_gbp) over to_date::double as bought_gbp_to_date,
    sum(bought_gbp - cancelled_gbp) over to_date::double as net_spend_gbp_to_date,
    max(max_order_gbp) over to_date as max_order_gbp_to_date,
    last_value(country ignore nulls) over to_date as country,
    last_value(gap_days ignore nulls) over to_date as gap_days_last,
    count(gap_days) over to_date as gap_count,
    sum(gap_days) over to_date::bigint as gap_days_sum,
    sum(gap_days * gap_days) over to_date::bigint as gap_days_square_sum,
    median(gap_days) over to_date as gap_days_median
from days
window to_date as (
    partition by customer_id order by activity_date rows between unbounded preceding and current row
)
order by customer_id, activity_date
