"""Everything that a product is held to, by mode: objective, window and owner."""

from collections.abc import Iterator

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.promises import Owner
from platform_assets.contract.slas import BatchSla, Mode, Objective, OnlineSla


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One objective of one mode of a product, with the SLA that it is part of and who answers for it."""

    product: str
    mode: Mode
    objective: Objective
    sla: BatchSla | OnlineSla
    owner: Owner

    @property
    def promise(self) -> str:
        """The promise that an objective is watched as."""
        return f"sla_{self.objective.measure}"


def held(product: Product) -> Iterator[Held]:
    """Yield the objectives of a product, of the batch mode first."""
    sla = product.batch.sla
    for objective in sla.objectives:
        yield Held(product=product.name, mode="batch", objective=objective, sla=sla, owner=product.owner)
    if product.online is not None:
        of_online = product.online.sla
        for objective in of_online.objectives:
            owner = product.online.owner
            yield Held(product=product.name, mode="online", objective=objective, sla=of_online, owner=owner)
