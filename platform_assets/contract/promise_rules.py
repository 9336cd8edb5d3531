"""What promises must satisfy so that a watch can hold a product to them: cron lines it reads, one objective each."""

from collections.abc import Iterator, Sequence

from platform_assets.contract.cron import require_cron
from platform_assets.contract.product import Product
from platform_assets.contract.slas import Objective


def broken_promise_rules(product: Product) -> Iterator[tuple[str, str, str]]:
    """Yield (where, problem, remedy) of every broken rule of what a product promises."""
    try:
        require_cron(product.batch.cron)
    except ValueError as error:
        yield "batch.cron", str(error), "Give minute, hour, day, month and weekday as numbers, in UTC."
    yield from _objectives("batch.sla", product.batch.sla.objectives)
    if product.online is not None:
        yield from _objectives("online.sla", product.online.sla.objectives)


def _objectives(where: str, objectives: Sequence[Objective]) -> Iterator[tuple[str, str, str]]:
    measures = [one.measure for one in objectives]
    for measure in sorted({one for one in measures if measures.count(one) > 1}):
        yield f"{where}.objectives", f"{measure} appears twice", "Give each measure one objective."
