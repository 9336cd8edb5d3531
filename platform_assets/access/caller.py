"""Who calls for which purpose, and what was decided about it; light, so that every request can hold one."""

from typing import NamedTuple

from platform_assets.access.identity import Identity, Unproven
from platform_assets.access.words import Action

ANONYMOUS = "anonymous"


class Asked(NamedTuple):
    """What is asked for: an output, in a version, to do what; no action where it was not even looked at."""

    output: str
    version: str
    action: Action | None


class Decision(NamedTuple):
    """Whether something is allowed, and in words why or why not; nothing in it is about others than the subject."""

    is_allowed: bool
    why: str


class Caller:
    """Who calls for which purpose, with the decisions about it that were made before.

    `problem` says why no decision can be in favour of this call.
    """

    __slots__ = ("decisions", "identity", "problem", "purpose", "subject")

    def __init__(self, identity: Identity | Unproven, purpose: str = "", problem: str | None = None) -> None:
        """Take what was proven."""
        self.identity = identity
        self.subject = identity.subject if isinstance(identity, Identity) else ANONYMOUS
        self.purpose = purpose
        self.problem = problem
        self.decisions: dict[Asked, Decision] = {}

    @property
    def is_proven(self) -> bool:
        """Whether it is known who calls."""
        return isinstance(self.identity, Identity)


NOBODY = Caller(Unproven("no credential was sent", is_missing=True))
