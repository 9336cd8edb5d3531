-- One purchase line per customer, product and instant: an order may hold the same product more than once.
with purchases as (
    select
        customer_id,
        product_code,
        ordered_at,
        max(order_id) as order_id,
        sum(quantity) as bought,
        sum({{ exact_gbp('line_total_gbp') }}) as bought_gbp
    from {{ ref('stg_order_lines') }}
    where is_purchase
    group by customer_id, product_code, ordered_at
),

cancel_lines as (
    select *
    from {{ ref('stg_order_lines') }}
    where is_cancellation and customer_id is not null and quantity < 0 and unit_price_gbp > 0
),

matched as (
    select
        cancel_lines.source_row,
        cancel_lines.order_id as cancellation_id,
        purchases.order_id,
        cancel_lines.customer_id,
        cancel_lines.product_code,
        cancel_lines.is_product,
        cancel_lines.ordered_at as cancelled_at,
        purchases.ordered_at,
        purchases.bought,
        purchases.bought_gbp,
        -cancel_lines.quantity as quantity,
        -{{ exact_gbp('cancel_lines.line_total_gbp') }} as amount_gbp
    from cancel_lines
    asof join purchases
        on cancel_lines.customer_id = purchases.customer_id
        and cancel_lines.product_code = purchases.product_code
        and cancel_lines.ordered_at > purchases.ordered_at
),

-- What earlier cancellations of the same purchase took is no longer there to be taken.
with_earlier as (
    select
        *,
        coalesce(sum(quantity) over earlier, 0) as quantity_before,
        coalesce(sum(amount_gbp) over earlier, 0) as amount_gbp_before
    from matched
    window earlier as (
        partition by customer_id, product_code, ordered_at
        order by cancelled_at, source_row
        rows between unbounded preceding and 1 preceding
    )
)

select
    cancellation_id,
    order_id,
    customer_id,
    product_code,
    is_product,
    cancelled_at,
    ordered_at,
    greatest(least(quantity, bought - quantity_before), 0)::bigint as quantity,
    greatest(least(amount_gbp, bought_gbp - amount_gbp_before), 0)::double as amount_gbp,
    source_row
from with_earlier
order by cancelled_at, source_row
