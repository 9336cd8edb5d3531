-- Lines taken out as overlap must all stand in the next sheet: a wrong sheet boundary must not lose sales.
{{ config(meta={'dagster': {'ref': {'name': 'stg_order_lines'}}}) }}
with dropped as (
    select lines.*
    from {{ source('raw', 'online_retail') }} as lines
    anti join {{ ref('stg_order_lines') }} as kept using (source_row)
)

select order_id, product_code, description, quantity, ordered_at, unit_price_gbp, customer_id, country from dropped
except all
select order_id, product_code, description, quantity, ordered_at, unit_price_gbp, customer_id, country
from {{ ref('stg_order_lines') }}
