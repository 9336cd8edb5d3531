select
    order_id,
    customer_id,
    min(ordered_at) as ordered_at, -- some orders spread over two minutes
    min_by(country, source_row) as country,
    count(*) as line_count,
    count(distinct product_code) filter (where is_product) as product_count,
    sum(quantity)::bigint as piece_count,
    sum({{ exact_gbp('line_total_gbp') }})::double as total_gbp,
    max(line_total_gbp) as max_line_gbp,
    (sum({{ exact_gbp('unit_price_gbp') }})::double / count(*)) as mean_unit_price_gbp
from {{ ref('stg_order_lines') }}
where is_purchase
group by order_id, customer_id
order by ordered_at, order_id
