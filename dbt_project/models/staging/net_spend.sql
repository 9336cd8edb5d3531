select customer_id, ordered_at as event_at, total_gbp as amount_gbp, order_id, false as is_cancellation
from {{ ref('orders') }}
union all
select customer_id, cancelled_at, -amount_gbp, order_id, true
from {{ ref('cancellations') }}
where amount_gbp > 0
order by event_at, customer_id, order_id, is_cancellation, amount_gbp
