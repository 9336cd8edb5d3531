-- A state holds from one date until the next change; each as-of day in between gets one row. As-of instants are
-- 00:00 UTC and a state of a date holds only what happened on earlier days, so nothing at or after the as-of is used.
with as_of_rows as (
    select
        *,
        unnest(generate_series(
            greatest(from_date::timestamp, timestamp '{{ var("as_of_from") }}'),
            least(coalesce(until_date - 1, date '{{ var("as_of_to") }}')::timestamp, timestamp '{{ var("as_of_to") }}'),
            interval 1 day
        )) as as_of
    from {{ ref('customer_windows') }}
    where order_count_365d > 0
)

select
    windows.customer_id,
    windows.as_of as event_at,
    to_date.last_order_at,
    to_date.first_order_at,
    to_date.order_count_to_date as order_count,
    windows.order_count_30d,
    windows.order_count_90d,
    windows.order_count_180d,
    windows.order_count_365d,
    windows.order_count_same_season,
    windows.net_spend_gbp_30d,
    windows.net_spend_gbp_90d,
    windows.net_spend_gbp_180d,
    windows.net_spend_gbp_365d,
    to_date.net_spend_gbp_to_date as net_spend_gbp,
    to_date.bought_gbp_to_date / to_date.order_count_to_date as order_gbp_mean,
    to_date.max_order_gbp_to_date as order_gbp_max,
    windows.line_count_365d / windows.order_count_365d as line_count_mean_365d,
    windows.piece_count_365d,
    windows.product_count_365d,
    to_date.gap_days_sum / to_date.gap_count as gap_days_mean,
    to_date.gap_days_median,
    case
        when to_date.gap_count > 1
            then sqrt(
                (to_date.gap_days_square_sum * to_date.gap_count - to_date.gap_days_sum * to_date.gap_days_sum)
                / (to_date.gap_count * (to_date.gap_count - 1))
            )
    end as gap_days_std,
    to_date.gap_days_last,
    windows.active_month_count_12m,
    windows.cancellation_count_90d,
    windows.cancellation_count_365d,
    windows.cancelled_gbp_365d / windows.bought_gbp_365d as cancelled_gbp_ratio_365d,
    (to_date.country = 'United Kingdom')::bigint as is_uk
from as_of_rows as windows
asof join {{ ref('customer_days') }} as to_date
    on windows.customer_id = to_date.customer_id
    and windows.as_of::date > to_date.activity_date
order by event_at, customer_id
