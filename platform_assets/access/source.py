"""Reads policy, keys and issuer from their files, again whenever one of them changes; fails closed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.access.api_keys import ApiKey
from platform_assets.access.credentials import InForce
from platform_assets.access.key_store import KeyStore
from platform_assets.access.policy import Policy
from platform_assets.access.policy_file import policy_path, read_policy
from platform_assets.errors import AccessError
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.access.issuer import Issuer

_Stamp = tuple[int, int, int, int]
_Seen = tuple[_Stamp | None, ...]


class AccessSource:
    """The files of one platform; `look` is cheap while nothing changes."""

    def __init__(self, settings: Settings) -> None:
        """Name the files; raises TrustUnusableError when the settings name an issuer that cannot be trusted."""
        self._policy_path = policy_path(settings)
        self._keys = KeyStore.of(settings)
        self._issuer = None if settings.oidc_file is None else _issuer(settings.oidc_file)
        self._seen: _Seen | None = None

    @property
    def problem(self) -> str | None:
        """Why tokens cannot be checked, if so."""
        return self._issuer.problem if self._issuer is not None else None

    def look(self, before: InForce) -> InForce:
        """Return what is in force now, `before` itself while nothing has changed; call it in a thread.

        A file that cannot be read or may be changed by others opens nothing until it is put right.
        """
        has_other_keys = self._issuer is not None and self._issuer.refresh()
        seen = (_stamp(self._policy_path), _stamp(self._keys.path))
        if seen == self._seen:
            return replace(before) if has_other_keys else before
        policy, problem = before.policy, None
        keys: Mapping[str, ApiKey] = {}
        try:
            document, keys = read_policy(self._policy_path), self._keys.read()
        except (AccessError, OSError) as error:
            policy, problem = Policy(()), str(error)
        else:
            grants = document.grants if document else ()
            policy = before.policy if grants == before.policy.grants else Policy(grants)
            problem = None if document else f"there is no policy: run `platform access publish` ({self._policy_path})"
        self._seen = seen if problem is None else None  # what failed is tried again
        return InForce(policy, keys, self._issuer, problem)


def _issuer(path: Path) -> "Issuer":
    from platform_assets.access.issuer import Issuer  # noqa: PLC0415 - brings cryptography, for those who take tokens

    return Issuer.declared_in(path)


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mode, found.st_mtime_ns, found.st_size
