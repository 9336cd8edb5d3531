"""The one decision: whether a caller may do this with this output, in this version, for this purpose."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import casbin

from platform_assets.access.caller import Decision
from platform_assets.access.grants import Grant
from platform_assets.access.words import Action

_MODEL = Path(__file__).with_name("model.conf")
_SUB, _OUTPUT, _ACT = 0, 1, 4  # by these casbin finds the few lines that can match
_MOST_KNOWN = 20_000


class Question(NamedTuple):
    """What is asked: by whom, of which output and version, for which purpose, to do what.

    `actors` are the names under which policies know the subject: itself as a consumer, and its roles.
    """

    actors: tuple[str, ...]
    output: str
    version: str
    purpose: str
    action: Action


class Policy:
    """Decides by the grants that it was made with; a decision that was made before costs a look into a table."""

    def __init__(self, grants: Sequence[Grant]) -> None:
        """Load the grants into casbin."""
        self._grants = tuple(grants)
        self._enforcer = casbin.FastEnforcer(str(_MODEL), cache_key_order=[_SUB, _OUTPUT, _ACT])
        self._enforcer.add_policies(
            [[each.actor, each.output, each.version, each.purpose, each.action] for each in self._grants]
        )
        self._by: dict[tuple[str, str, Action], list[Grant]] = defaultdict(list)
        for each in self._grants:
            self._by[each.actor, each.output, each.action].append(each)
        self._known: dict[Question, Decision] = {}

    @property
    def grants(self) -> tuple[Grant, ...]:
        """All that is allowed."""
        return self._grants

    def decide(self, question: Question) -> Decision:
        """Return the decision; the same question has the same answer for as long as this policy is in force."""
        known = self._known.get(question)
        if known is None:
            known = self._decide(question)
            if len(self._known) >= _MOST_KNOWN:  # who invents words must not fill the memory
                self._known.clear()
            self._known[question] = known
        return known

    def _decide(self, question: Question) -> Decision:
        actors, output, version, purpose, action = question
        granted: list[Grant] = []
        for actor in actors:
            # Who has no grant of this kind at all is not worth a look by casbin, which costs a tenth of a millisecond.
            lines = self._by.get((actor, output, action), [])
            if lines and self._enforcer.enforce(actor, output, version, purpose, action):
                return Decision(is_allowed=True, why=f"{actor} is granted it")
            granted += lines
        return Decision(is_allowed=False, why=_why_not(question, granted))


def _why_not(question: Question, granted: Sequence[Grant]) -> str:
    """Return the first word of the question that none of the grants of its kind has."""
    if not granted:
        return f"no grant to {question.action} {question.output}"
    with_version = [each for each in granted if each.version == question.version]
    if not with_version:
        versions = ", ".join(sorted({each.version for each in granted}))
        return f"version {question.version} of {question.output} is not granted; granted: {versions}"
    purposes = ", ".join(sorted({each.purpose for each in with_version}))
    return f"{question.output} is not granted for this purpose; granted: {purposes}"
