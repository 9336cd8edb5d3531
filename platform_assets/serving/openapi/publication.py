"""The document as it is published: made once per set of releases and of products that a caller may see."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from platform_assets.serving.openapi.document import build_document
from platform_assets.serving.openapi.operation import Operation
from platform_assets.serving.openapi.product_types import product_types
from platform_assets.serving.releases import Releases

MOST_EDITIONS = 8  # one for each set of products that some caller may see
Served = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of the document: for which releases it holds, as plain data and as JSON."""

    served: Served
    document: dict[str, Any]
    content: bytes


@dataclass(slots=True)
class Publication:
    """Gives the edition for the releases that answer now."""

    releases: Releases
    operations: tuple[Operation, ...]
    _editions: dict[Served, Edition] = field(default_factory=dict, init=False)

    def current(self, is_shown: Callable[[str], bool] = lambda _: True) -> Edition:
        """Return the edition for the releases in force, of the products that are shown to who asks."""
        lives = [each.live for name, each in self.releases.states.items() if each.live is not None and is_shown(name)]
        served = tuple((live.product.name, live.release.release_id) for live in lives)
        known = self._editions.get(served)
        if known is None:
            document = build_document(self.operations, [product_types(live) for live in lives])
            known = Edition(served, document, msgspec.json.encode(document))
            if len(self._editions) >= MOST_EDITIONS:
                self._editions.clear()
            self._editions[served] = known
        return known
