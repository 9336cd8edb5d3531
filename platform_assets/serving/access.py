"""Who may ask for what: one decision per call, made before anything is looked up.

The endpoint listens on loopback only, so whoever reaches it works on this machine and may ask for every product.
"""

from typing import NamedTuple, Protocol


class Decision(NamedTuple):
    """Whether a call is answered, for whom, and by which rule; and whether its caller may say by which release."""

    is_allowed: bool
    subject: str
    rule: str
    may_choose_release: bool = False


class Access(Protocol):
    """Decides about calls."""

    def decide(self, product: str) -> Decision:
        """Return the decision about predictions of a product; must not wait."""
        ...


class LocalAccess:
    """Allows every caller of this machine."""

    _ALLOWED = Decision(is_allowed=True, subject="local", rule="loopback", may_choose_release=True)

    def decide(self, product: str) -> Decision:  # noqa: ARG002 - every product alike
        """Return that the call is allowed."""
        return self._ALLOWED


LOCAL_ACCESS = LocalAccess()
