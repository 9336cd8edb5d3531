-- Moving windows without a join of every day with every other: what happened on a day enters a window on one date and
-- leaves it on another, so a window is the running sum of what entered less what left.
{% set windows = {"30d": (1, 30), "90d": (1, 90), "180d": (1, 180), "365d": (1, 365), "same_season": (276, 365)} -%}

with window_changes as (
    {%- for name, (youngest, oldest) in windows.items() %}
    {%- for age, sign in ((youngest, "+"), (oldest + 1, "-")) %}
    select
        customer_id,
        activity_date + {{ age }} as from_date,
        '{{ name }}' as window_name,
        {{ sign }}order_count as order_count,
        {{ sign }}line_count as line_count,
        {{ sign }}piece_count as piece_count,
        {{ sign }}cancellation_count as cancellation_count,
        {{ sign }}{{ exact_gbp('bought_gbp') }} as bought_gbp,
        {{ sign }}{{ exact_gbp('cancelled_gbp') }} as cancelled_gbp
    from {{ ref('customer_days') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- Different things (products, twelfths of a year) count once however often they occur: stays that touch are one stay.
product_days as (
    select distinct customer_id, product_code as thing, ordered_at::date as happened_on, 1 as youngest, 365 as oldest
    from {{ ref('stg_order_lines') }}
    where is_purchase and is_product
),

twelfths as (
    select (age - 1) * 12 // 365 as twelfth, min(age) as youngest, max(age) as oldest
    from range(1, 366) as ages (age)
    group by twelfth
),

month_days as (
    select customer_id, twelfth, activity_date, youngest::integer as youngest, oldest::integer as oldest
    from {{ ref('customer_days') }}
    cross join twelfths
    where order_count > 0
),

stays as (
    select 'product' as kind, * from product_days
    union all
    select 'month', * from month_days
),

neighbours as (
    select
        *,
        lag(happened_on) over each_thing as happened_before,
        lead(happened_on) over each_thing as happens_next
    from stays
    window each_thing as (partition by kind, customer_id, thing order by happened_on)
),

stay_changes as (
    select customer_id, happened_on + youngest as from_date, kind, 1 as change
    from neighbours
    where happened_before is null or happened_on - happened_before > oldest - youngest + 1
    union all
    select customer_id, happened_on + oldest + 1, kind, -1
    from neighbours
    where happens_next is null or happens_next - happened_on > oldest - youngest + 1
),

changes as (
    select *, null as kind, 0 as change from window_changes
    union all by name
    select * from stay_changes
)

select
    customer_id,
    from_date,
    {%- for name in windows %}
    coalesce(sum(sum(order_count) filter (window_name = '{{ name }}')) over so_far, 0)::bigint as order_count_{{ name }},
    {%- endfor %}
    {%- for name in ("30d", "90d", "180d", "365d") %}
    coalesce(sum(sum(bought_gbp - cancelled_gbp) filter (window_name = '{{ name }}')) over so_far, 0)::double
        as net_spend_gbp_{{ name }},
    {%- endfor %}
    coalesce(sum(sum(bought_gbp) filter (window_name = '365d')) over so_far, 0)::double as bought_gbp_365d,
    coalesce(sum(sum(cancelled_gbp) filter (window_name = '365d')) over so_far, 0)::double as cancelled_gbp_365d,
    coalesce(sum(sum(line_count) filter (window_name = '365d')) over so_far, 0)::bigint as line_count_365d,
    coalesce(sum(sum(piece_count) filter (window_name = '365d')) over so_far, 0)::bigint as piece_count_365d,
    coalesce(sum(sum(cancellation_count) filter (window_name = '90d')) over so_far, 0)::bigint
        as cancellation_count_90d,
    coalesce(sum(sum(cancellation_count) filter (window_name = '365d')) over so_far, 0)::bigint
        as cancellation_count_365d,
    coalesce(sum(sum(change) filter (kind = 'product')) over so_far, 0)::bigint as product_count_365d,
    coalesce(sum(sum(change) filter (kind = 'month')) over so_far, 0)::bigint as active_month_count_12m,
    lead(from_date) over so_far as until_date
from changes
group by customer_id, from_date
window so_far as (partition by customer_id order by from_date)
order by customer_id, from_date
