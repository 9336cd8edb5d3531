"""The published batch that an answer of the endpoint was taken from, when it fell back on the last batch."""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_assets.ledger.publications import Publication


def publication_behind(known: Sequence[Publication], answer: Mapping[str, Any]) -> Publication | None:
    """Return which of the publications of one as-of and model version, in order, an answer came from; None of none.

    A revision that was published after the answer did not make it, unless the clocks of two machines differ.
    """
    before = [one for one in known if one.published_at <= answer["predicted_at"]]
    return (before or list(known))[-1] if known else None
