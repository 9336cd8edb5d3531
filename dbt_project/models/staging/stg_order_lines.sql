with sheet_starts as (
    select sheet_number, min(ordered_at) as starts_at
    from {{ source('raw', 'online_retail') }}
    group by sheet_number
),

-- The last days of a sheet are repeated at the start of the next one; the next one counts. Equal lines inside one
-- sheet stay: an invoice may hold the same line twice.
kept as (
    select lines.*
    from {{ source('raw', 'online_retail') }} as lines
    left join sheet_starts as later on later.sheet_number = lines.sheet_number + 1
    where later.starts_at is null or lines.ordered_at < later.starts_at
)

select
    source_row,
    order_id,
    customer_id,
    product_code,
    description,
    quantity,
    unit_price_gbp,
    (quantity * {{ exact_gbp('unit_price_gbp') }})::double as line_total_gbp,
    ordered_at,
    country,
    order_id like 'C%' as is_cancellation,
    -- stock codes start with five digits, or DCGS for the gift shop's; all else is postage, fees, vouchers, samples
    regexp_matches(product_code, '^([0-9]{5}|DCGS)') as is_product,
    coalesce(customer_id is not null and order_id not like 'C%' and quantity > 0 and unit_price_gbp > 0, false)
        as is_purchase
from kept
order by source_row
