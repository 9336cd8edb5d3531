"""All API keys in one private file: created, rotated and revoked under a lock, read whole by the endpoint."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from platform_assets.access.api_keys import ApiKey, NewKey, new_key
from platform_assets.access.private_files import held, read_private, write_private
from platform_assets.errors import KeysUnusableError, UnknownKeyError
from platform_assets.settings import Settings

Keys = dict[str, ApiKey]


@dataclass(frozen=True, slots=True)
class KeyStore:
    """The keys of one platform; two changes at once are both kept."""

    path: Path
    fsync: bool = True

    @classmethod
    def of(cls, settings: Settings) -> "KeyStore":
        """Return the keys of these settings."""
        return cls(settings.access_dir / "keys.json", settings.fsync)

    def read(self) -> Keys:
        """Return every key by its id, the oldest first; raises KeysUnusableError for a damaged file."""
        content = read_private(self.path)
        try:
            kept = msgspec.json.decode(content, type=list[ApiKey]) if content is not None else []
        except (
            msgspec.DecodeError,
            UnicodeError,
            RecursionError,
        ) as error:
            raise KeysUnusableError(path=str(self.path), problem=str(error)) from error
        return {key.key_id: key for key in kept}

    def create(
        self,
        *,
        subject: str,
        actors: Sequence[str],
        purposes: Sequence[str],
        by: str,
        at: dt.datetime,
        lasts: dt.timedelta,
    ) -> NewKey:
        """Keep a new key and return it: its text is nowhere after this."""
        made = new_key()
        key = ApiKey(
            key_id=made.key_id,
            digest=made.digest,
            subject=subject,
            actors=tuple(actors),
            purposes=tuple(purposes),
            created_at=at,
            created_by=by,
            expires_at=at + lasts,
        )
        self._change(lambda keys: keys | {key.key_id: key})
        return made

    def rotate(self, key_id: str, *, by: str, at: dt.datetime, lasts: dt.timedelta, overlap: dt.timedelta) -> NewKey:
        """Return the successor of a key for the same subject; the old one works for `overlap` more, at most.

        Raises UnknownKeyError for one that is not there or opens nothing any more.
        """
        made = new_key()

        def with_successor(keys: Keys) -> Keys:
            old = _usable(keys, key_id, at)
            replaced = msgspec.structs.replace(old, successor=made.key_id, expires_at=min(old.expires_at, at + overlap))
            successor = msgspec.structs.replace(
                old,
                key_id=made.key_id,
                digest=made.digest,
                created_at=at,
                created_by=by,
                expires_at=at + lasts,
                successor=None,
            )
            return keys | {key_id: replaced, made.key_id: successor}

        self._change(with_successor)
        return made

    def revoke(self, key_id: str, *, by: str, at: dt.datetime, reason: str) -> ApiKey:
        """Let a key open nothing any more, and say who did it and why; raises UnknownKeyError."""

        def without(keys: Keys) -> Keys:
            old = _usable(keys, key_id, at)
            return keys | {key_id: msgspec.structs.replace(old, revoked_at=at, revoked_by=by, reason=reason)}

        return self._change(without)[key_id]

    def _change(self, changed: Callable[[Keys], Keys]) -> Keys:
        with held(self.path):
            keys = changed(self.read())
            write_private(self.path, msgspec.json.encode(list(keys.values())), fsync=self.fsync)
        return keys


def _usable(keys: Keys, key_id: str, at: dt.datetime) -> ApiKey:
    found = keys.get(key_id)
    if found is None or not found.is_usable(at):
        raise UnknownKeyError(key_id=key_id)
    return found
