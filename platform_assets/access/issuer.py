"""The trusted issuer as the endpoint knows it: its keys are fetched again now and then, and when one is unknown."""

import time
from collections.abc import Callable
from pathlib import Path

from platform_assets.access.identity import Identity, Unproven
from platform_assets.access.jwks_fetch import fetch_keys
from platform_assets.access.oidc_trust import Trust, read_trust
from platform_assets.access.tokens import KeysById, prove, read_key_set
from platform_assets.errors import IssuerKeysUnavailableError

_EVERY_S = 300.0
_SOONEST_S = 10.0  # however many tokens name unknown keys, the issuer is asked this rarely


class Issuer:
    """Proves the tokens of one issuer by the keys that it had last; without any it proves none."""

    def __init__(self, trust: Trust, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Trust an issuer; `refresh` fetches its keys."""
        self._trust = trust
        self._monotonic = monotonic
        self._keys: KeysById = {}
        self._content = b""
        self._asked_at = float("-inf")
        self._is_wanted = True
        self.problem: str | None = None

    @classmethod
    def declared_in(cls, path: Path) -> "Issuer":
        """Return the issuer that a file declares; raises TrustUnusableError."""
        return cls(read_trust(path))

    def prove(self, token: str, now: float) -> Identity | Unproven:
        """Return whom a token proves; an unknown key is looked for at the next refresh."""
        proven = prove(token, self._trust, self._keys, now)
        self._is_wanted = self._is_wanted or (isinstance(proven, Unproven) and "unknown key" in proven.why)
        return proven

    def refresh(self) -> bool:
        """Fetch the keys if it is time; call it in a thread. Return whether they are others than before.

        When they cannot be had the last ones stay, and `problem` says why.
        """
        since = self._monotonic() - self._asked_at
        if since < (_SOONEST_S if self._is_wanted else _EVERY_S):
            return False
        self._asked_at, self._is_wanted = self._monotonic(), False
        try:
            content = fetch_keys(self._trust)
            keys = read_key_set(content, self._trust)
        except IssuerKeysUnavailableError as error:
            self.problem, self._is_wanted = str(error), True
            return False
        self.problem = None
        before, self._content, self._keys = self._content, content, keys
        return before != content
