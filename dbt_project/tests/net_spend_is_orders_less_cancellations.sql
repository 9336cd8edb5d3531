-- Nothing is lost or counted twice between orders, cancellations and the flow of money.
{{ config(meta={'dagster': {'ref': {'name': 'net_spend'}}}) }}
select *
from (
    select
        (select sum({{ exact_gbp('amount_gbp') }}) from {{ ref('net_spend') }}) as net_gbp,
        (select sum({{ exact_gbp('total_gbp') }}) from {{ ref('orders') }}) as bought_gbp,
        (select coalesce(sum({{ exact_gbp('amount_gbp') }}), 0) from {{ ref('cancellations') }}) as cancelled_gbp
) as totals
where net_gbp <> bought_gbp - cancelled_gbp
