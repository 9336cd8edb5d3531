-- The running sums of customer_windows against a direct count over customer_days, on every 61st day of the data.
{{ config(meta={'dagster': {'ref': {'name': 'customer_windows'}}}) }}
with as_of_days as (
    select unnest(generate_series(min(activity_date) + 1, max(activity_date) + 366, interval 61 day))::date as as_of
    from {{ ref('customer_days') }}
),

direct as (
    select
        as_of,
        customer_id,
        sum(order_count) filter (activity_date >= as_of - 30)::bigint as order_count_30d,
        sum(order_count) filter (activity_date < as_of - 275)::bigint as order_count_same_season,
        sum(order_count)::bigint as order_count_365d,
        sum({{ exact_gbp('bought_gbp') }} - {{ exact_gbp('cancelled_gbp') }})::double as net_spend_gbp_365d,
        sum(cancellation_count) filter (activity_date >= as_of - 90)::bigint as cancellation_count_90d,
        count(distinct (as_of - activity_date - 1) * 12 // 365) filter (order_count > 0) as active_month_count_12m
    from as_of_days
    inner join {{ ref('customer_days') }} on activity_date < as_of and activity_date >= as_of - 365
    group by as_of, customer_id
),

products as (
    select as_of, customer_id, count(distinct product_code) as product_count_365d
    from as_of_days
    inner join {{ ref('stg_order_lines') }} on ordered_at < as_of and ordered_at >= as_of - 365
    where is_purchase and is_product
    group by as_of, customer_id
),

windows as (
    select as_of_days.as_of, windows.*
    from as_of_days
    inner join {{ ref('customer_windows') }} as windows
        on from_date <= as_of and (until_date is null or until_date > as_of)
)

select as_of, customer_id
from windows
full outer join direct using (as_of, customer_id)
left join products using (as_of, customer_id)
where
    coalesce(windows.order_count_365d, 0) <> coalesce(direct.order_count_365d, 0)
    or coalesce(windows.order_count_30d, 0) <> coalesce(direct.order_count_30d, 0)
    or coalesce(windows.order_count_same_season, 0) <> coalesce(direct.order_count_same_season, 0)
    or coalesce(windows.net_spend_gbp_365d, 0) <> coalesce(direct.net_spend_gbp_365d, 0)
    or coalesce(windows.cancellation_count_90d, 0) <> coalesce(direct.cancellation_count_90d, 0)
    or coalesce(windows.active_month_count_12m, 0) <> coalesce(direct.active_month_count_12m, 0)
    or coalesce(windows.product_count_365d, 0) <> coalesce(products.product_count_365d, 0)
