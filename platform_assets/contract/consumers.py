"""Who reads predictions: which outputs, which versions, how, for which purpose, and how to reach them."""

from typing import Literal

import msgspec

from platform_assets.contract.cron import require_cron

Output = Literal["published_predictions", "online_predictions"]
ReadingAction = Literal["read", "submit"]
Importance = Literal["low", "normal", "high"]


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a consumer is told what concerns it; a webhook gets the same as the address."""

    team: str
    email: str
    webhook: str | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One output that a consumer reads: in which versions of its contract, for which purposes and how important.

    `versions` are versions of the output's contract. `at_cron` is when it is read, in UTC; left out, at any time.
    A line that cannot be read is refused at once: nobody should learn of it from a breach that nobody was told of.
    With the action `submit` it may also have whole files predicted, by jobs.
    """

    product: str
    output: Output
    versions: tuple[int, ...]
    purposes: tuple[str, ...]
    importance: Importance = "normal"
    at_cron: str | None = None
    actions: tuple[ReadingAction, ...] = ("read",)

    def __post_init__(self) -> None:
        """Raise ValueError for a cron line that cannot be read."""
        if self.at_cron is not None:
            require_cron(self.at_cron)


class Consumer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A declared reader of predictions."""

    name: str
    title: str
    contact: Contact
    reads: tuple[Reading, ...]
