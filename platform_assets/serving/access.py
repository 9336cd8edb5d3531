"""The caller of a request and what it may have: asked before anything is looked up, and told to the access log.

The endpoint listens on loopback only. With access control it asks for credentials all the same; without it, whoever
reaches it works on this machine and may have everything.
"""

import re
from collections.abc import MutableMapping
from typing import Any, NamedTuple, Protocol

from platform_assets.access.caller import NOBODY, Asked, Caller, Decision
from platform_assets.access.identity import Identity, Unproven
from platform_assets.access.words import Action, Resource, output_of
from platform_assets.errors import AccessDeniedError, AccessLogBlockedError, UnauthenticatedError

AUTHORIZATION, PURPOSE = b"authorization", b"x-purpose"
_SCOPE_KEY, _ASKED_KEY = "platform_caller", "platform_asked"
_FOREVER = float("inf")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Access(Protocol):
    """Knows callers and decides about them; nothing in it waits."""

    @property
    def is_blocked(self) -> bool:
        """Whether nothing may be allowed because it could not be accounted for."""
        ...

    def recognise(self, authorization: bytes, purpose: bytes) -> Caller:
        """Return who calls with these headers; an empty one was not sent."""
        ...

    def decide(self, caller: Caller, asked: Asked) -> Decision:
        """Return the decision about a call."""
        ...

    def record(self, caller: Caller, asked: Asked, decision: Decision, request_id: str) -> None:
        """Log an access that was decided."""
        ...


class OpenAccess:
    """Allows every caller of this machine everything, and logs nothing."""

    is_blocked = False
    _LOCAL = Caller(Identity("local", (), "loopback", (), _FOREVER))
    _ALLOWED = Decision(is_allowed=True, why="access control is off")

    def recognise(self, authorization: bytes, purpose: bytes) -> Caller:  # noqa: ARG002 - everybody alike
        """Return that somebody on this machine calls."""
        return self._LOCAL

    def decide(self, caller: Caller, asked: Asked) -> Decision:  # noqa: ARG002 - everything alike
        """Return that the call is allowed."""
        return self._ALLOWED

    def record(self, caller: Caller, asked: Asked, decision: Decision, request_id: str) -> None:
        """Take an access and drop it."""


OPEN_ACCESS = OpenAccess()


class Asker(NamedTuple):
    """The caller of the request in hand, in front of what decides."""

    access: Access
    caller: Caller
    request_id: str

    @property
    def subject(self) -> str:
        """Who asks, as moves and jobs record it."""
        return self.caller.subject

    def may(self, asked: Asked) -> bool:
        """Tell whether something would be allowed; nothing is logged."""
        return self.access.decide(self.caller, asked).is_allowed

    def require(self, asked: Asked) -> None:
        """Log an access that is allowed; one that is not is logged and raised as by `permit`."""
        decision = self.permit(asked)
        self.access.record(self.caller, asked, decision, self.request_id)

    def own(self, asked: Asked) -> None:
        """Log an access to what is the caller's own, which needs no grant; raises as `permit` for a useless call."""
        if self.caller.problem is not None or not self.caller.is_proven or self.access.is_blocked:
            self.permit(asked)
        self.access.record(self.caller, asked, _OWN, self.request_id)

    def permit(self, asked: Asked) -> Decision:
        """Return the decision where it is in favour; what comes of it is logged elsewhere.

        Raises UnauthenticatedError, AccessDeniedError, or AccessLogBlockedError; each of them is logged.
        """
        decision = self.access.decide(self.caller, asked)
        if not decision.is_allowed:
            raise self.refused(asked, decision)
        if self.access.is_blocked:
            self.access.record(self.caller, asked, _BLOCKED, self.request_id)
            raise AccessLogBlockedError
        return decision

    def refused(self, asked: Asked, decision: Decision) -> UnauthenticatedError | AccessDeniedError:
        """Log a refusal and return it as an error."""
        self.access.record(self.caller, asked, decision, self.request_id)
        identity = self.caller.identity
        if isinstance(identity, Unproven):
            return UnauthenticatedError(is_missing=identity.is_missing)
        return AccessDeniedError(subject=self.subject, output=asked.output, why=decision.why)


_OWN = Decision(is_allowed=True, why="it is the caller's own")
_BLOCKED = Decision(is_allowed=False, why="the access log cannot be written")


def plain_product(product: str) -> str:
    """Return the name of a product as a caller gives it, if it is one: a log must not hold what callers invent."""
    return product if _NAME.fullmatch(product) else "another"


def asked_of(product: str, resource: Resource, version: int | str, action: Action) -> Asked:
    """Return what is asked of a product."""
    return Asked(output_of(product, resource), str(version), action)


def keep_caller(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Remember who makes the request in hand."""
    scope[_SCOPE_KEY] = caller


def caller_of(scope: MutableMapping[str, Any]) -> Caller:
    """Return who makes the request in hand; nobody is known where no gate was passed."""
    caller = scope.get(_SCOPE_KEY)
    return caller if isinstance(caller, Caller) else NOBODY


def keep_asked(scope: MutableMapping[str, Any], asked: Asked) -> None:
    """Remember what the request in hand was decided by."""
    scope[_ASKED_KEY] = asked


def require_decided(asker: Asker, scope: MutableMapping[str, Any], asked: Asked) -> None:
    """Decide again where what is about to be answered is not what the request was decided by; raises as `permit`."""
    if scope.get(_ASKED_KEY) != asked:
        asker.require(asked)
