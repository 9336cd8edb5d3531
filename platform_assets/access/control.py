"""Access control of one process: who calls, what they may, and a line in the log about it; nothing in it waits."""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable

from platform_assets.access.caller import Asked, Caller, Decision
from platform_assets.access.credentials import InForce
from platform_assets.access.identity import Identity, Unproven
from platform_assets.access.log_blocks import Access
from platform_assets.access.log_writer import AccessLog
from platform_assets.access.policy import Policy, Question
from platform_assets.access.source import AccessSource

_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_CALLERS = 10_000
_MOST_DECISIONS = 1000


class AccessControl:
    """Knows callers by their credentials and decides by the policy in force, both as `refresh` found them last."""

    def __init__(self, source: AccessSource, log: AccessLog, wall: Callable[[], dt.datetime]) -> None:
        """Refuse everybody until the first `refresh`."""
        self._source = source
        self._wall = wall
        self.log = log
        self._in_force = InForce(Policy(()), problem="the policy has not been read yet")
        self._callers: dict[bytes, Caller] = {}
        # Callers are found by a digest that nobody else can make, so that looking one up tells nothing about others.
        self._salt = secrets.token_bytes(32)

    @property
    def problem(self) -> str | None:
        """What is wrong with the policy, the credentials or the log, if anything."""
        return self._in_force.problem or self._source.problem or self.log.problem

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._in_force.policy

    def refresh(self) -> None:
        """Take in what has changed; call it in a thread, every second or so.

        A bug of ours in it is raised, and nobody is allowed anything any more: what is in force is not known then.
        """
        found = None
        try:
            found = self._source.look(self._in_force)
        finally:
            if found is None:
                self._in_force, self._callers = InForce(Policy(()), problem="policy and keys cannot be followed"), {}
        if found is not self._in_force:
            self._in_force, self._callers = found, {}

    def recognise(self, authorization: bytes, purpose: bytes) -> Caller:
        """Return who calls with these headers, for which purpose; an empty one was not sent."""
        key = hashlib.blake2b(authorization + b"\n" + purpose, key=self._salt, digest_size=16).digest()
        known = self._callers.get(key)
        if known is not None:
            identity = known.identity
            if isinstance(identity, Identity) and self._wall().timestamp() < identity.until:
                return known
        # Taken before the caller is proven: one that a refresh has just revoked goes with what it replaces.
        callers = self._callers
        caller = self._recognise(authorization.decode("latin-1"), purpose.decode("latin-1"))
        if isinstance(caller.identity, Identity):
            if len(callers) >= _MOST_CALLERS:
                callers.clear()
            callers[key] = caller
        return caller

    @property
    def is_blocked(self) -> bool:
        """Whether nothing may be allowed because it could not be accounted for."""
        return self.log.is_blocked

    def decide(self, caller: Caller, asked: Asked) -> Decision:
        """Return the decision about a call; the same one is looked up after the first time."""
        decision = caller.decisions.get(asked)
        if decision is None:
            if len(caller.decisions) >= _MOST_DECISIONS:  # who invents outputs must not fill the memory
                caller.decisions.clear()
            decision = caller.decisions[asked] = self._decide(caller, asked)
        return decision

    def record(self, caller: Caller, asked: Asked, decision: Decision, request_id: str) -> None:
        """Log an access that was decided."""
        identity = caller.identity
        self.log.add(
            Access(
                self._wall(),
                caller.subject,
                identity.credential if isinstance(identity, Identity) else "none",
                asked.action,
                asked.output,
                asked.version,
                caller.purpose,
                decision.is_allowed,
                decision.why,
                request_id,
            )
        )

    def _recognise(self, authorization: str, purpose: str) -> Caller:
        identity = self._in_force.prove(authorization, self._wall())
        if isinstance(identity, Unproven):
            return Caller(identity, "", identity.why)
        if not purpose and len(identity.purposes) != 1:
            return Caller(identity, "", "no purpose was named: send X-Purpose")
        chosen = purpose or identity.purposes[0]
        if not _WORD.fullmatch(chosen):
            return Caller(identity, "", "X-Purpose is no word" if purpose else "its purpose is no word")
        is_bound_elsewhere = bool(identity.purposes) and chosen not in identity.purposes
        return Caller(identity, chosen, "the credential is bound to another purpose" if is_bound_elsewhere else None)

    def _decide(self, caller: Caller, asked: Asked) -> Decision:
        identity = caller.identity
        if caller.problem is not None or isinstance(identity, Unproven) or asked.action is None:
            return Decision(is_allowed=False, why=caller.problem or "nobody is proven")
        question = Question(identity.actors, asked.output, asked.version, caller.purpose, asked.action)
        return self._in_force.policy.decide(question)
