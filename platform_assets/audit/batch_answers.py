"""The published batch that an answer of the endpoint was taken from, when it fell back on the last batch."""

import datetime as dt
from collections.abc import Sequence

from platform_assets.ledger.publications import Publication


def publication_behind(known: Sequence[Publication], answered_at: dt.datetime) -> Publication | None:
    """Return from which publication of one as-of and model version, in order, an answer came; None of none.

    A revision that was published after the answer did not make it, unless the clocks of two machines differ.
    """
    before = [one for one in known if one.published_at <= answered_at]
    return (before or list(known))[-1] if known else None
