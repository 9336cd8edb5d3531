"""The document as it is published: made once per set of releases, and again only when one of them changes."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from platform_assets.serving.openapi.document import build_document
from platform_assets.serving.openapi.operation import Operation
from platform_assets.serving.openapi.product_types import product_types
from platform_assets.serving.releases import Releases

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
    _latest: Edition | None = field(default=None, init=False)

    def current(self) -> Edition:
        """Return the edition for the releases in force, made at the first call after a change."""
        lives = [each.live for each in self.releases.states.values() if each.live is not None]
        served = tuple((live.product.name, live.release.release_id) for live in lives)
        if self._latest is None or self._latest.served != served:
            document = build_document(self.operations, [product_types(live) for live in lives])
            self._latest = Edition(served, document, msgspec.json.encode(document))
        return self._latest
