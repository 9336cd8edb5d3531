"""What comparing logged values with their offline recomputation gives, feature by feature."""

from collections.abc import Sequence

import msgspec
import numpy as np

from platform_assets.audit.replay.score_stages import same_bits
from platform_assets.contract.product import Product
from platform_assets.inference.frame import Floats

SCORE = "score"


class ParityCount(msgspec.Struct, frozen=True, kw_only=True):
    """How the logged values of one feature, or the scores, compare with those of the offline path, in rows.

    `missing`: only offline has a value; `extra`: only online has one; `sent`: the caller sent the value himself.
    `streamed`: events gave the value after the snapshot, which offline is as of. `allowed` differs where the product
    declares, and justifies, that it may.
    """

    subject: str
    match: int = 0
    mismatch: int = 0
    missing: int = 0
    extra: int = 0
    allowed: int = 0
    sent: int = 0
    streamed: int = 0

    @property
    def unexplained(self) -> int:
        """How many differ without a declared reason."""
        return self.mismatch + self.missing + self.extra

    def plus(self, other: "ParityCount") -> "ParityCount":
        """Return the sum of two counts of one subject."""
        names = [name for name in self.__struct_fields__ if name != "subject"]
        return ParityCount(subject=self.subject, **{name: getattr(self, name) + getattr(other, name) for name in names})


def count_feature(
    feature: str, online: Sequence[float], offline: Sequence[float], given: Sequence[str | None], *, is_allowed: bool
) -> ParityCount:
    """Count the rows of one feature, bit for bit; missing values are NaN. `given` is `sent`, `streamed` or None."""
    kinds = [
        by or _kind(now, then, is_allowed=is_allowed) for now, then, by in zip(online, offline, given, strict=True)
    ]
    return ParityCount(subject=feature, **{kind: kinds.count(kind) for kind in set(kinds)})


def allowed_features(product: Product) -> frozenset[str]:
    """Return the features that may differ: of views whose last snapshot the product declares to be good enough."""
    declared = {each.view for each in product.online.approximations} if product.online else set()
    return frozenset(column for use in product.features.views if use.view in declared for column in use.columns)


def allowed_cells(product: Product, online: Floats, offline: Floats) -> list[bool]:
    """Tell of each row whether a feature differs in it that may."""
    may = np.array([name in allowed_features(product) for name in product.stored_columns])
    differs = ~((online == offline) | (np.isnan(online) & np.isnan(offline)))
    found: list[bool] = np.any(differs & may, axis=1).tolist()
    return found


def _kind(online: float, offline: float, *, is_allowed: bool) -> str:
    if same_bits(online, offline):
        return "match"
    if is_allowed:
        return "allowed"
    if online != online:  # noqa: PLR0124 - only NaN differs from itself
        return "missing"
    return "extra" if offline != offline else "mismatch"  # noqa: PLR0124 - as above
