"""The state of a service in Redis: the pointer, the state of each slot, and the one writer's lease.

Every change is a script that first checks the lease, so a writer that was paused beyond its lease changes nothing more,
and extends it, so a living writer keeps it.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, cast

import msgspec
import redis

from platform_assets.errors import SnapshotBusyError
from platform_assets.online.layout import Slot, lease_key, manifest_key, meta_key, pointer_key

_FENCED = -1
_GUARD = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_WRITE = _GUARD + "for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 2], 'EXAT', ARGV[3]) end return #KEYS - 1"
_RENEW = _GUARD + "local n = 0 for i = 2, #KEYS do n = n + redis.call('EXPIREAT', KEYS[i], ARGV[3]) end return n"
_UNLINK = _GUARD + "local n = 0 for i = 2, #KEYS do n = n + redis.call('UNLINK', KEYS[i]) end return n"
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """What is live: the slot, its snapshot, its as-of (epoch seconds) and how often the pointer has moved.

    `snapshot_id` with `epoch` never stands for two contents: caches use both as their key.
    """

    slot: Slot
    snapshot_id: str
    as_of: float
    epoch: int
    schema_hash: str


class SlotMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What one slot holds; rows expire (epoch seconds, server time) at `expires_at` or later."""

    state: Literal["dirty", "ready"]
    snapshot_id: str
    as_of: float
    digest: str
    schema_hash: str
    rows: int
    expires_at: int


def decode_pointer(raw: bytes) -> Pointer:
    """Read a pointer; raises msgspec.DecodeError."""
    return msgspec.json.decode(raw, type=Pointer)


def read_pointer(client: redis.Redis, service: str) -> Pointer | None:
    """Return what is live, None when nothing is published."""
    raw = cast("bytes | None", client.get(pointer_key(service)))
    return None if raw is None else decode_pointer(raw)


def read_meta(client: redis.Redis, service: str, slot: Slot) -> SlotMeta | None:
    """Return the state of a slot, None for an unused one."""
    raw = cast("bytes | None", client.get(meta_key(service, slot)))
    return None if raw is None else msgspec.json.decode(raw, type=SlotMeta)


class Lease:
    """The right of one writer to change a service; each method raises SnapshotBusyError once the right is lost."""

    def __init__(self, client: redis.Redis, service: str, *, lease_ms: int) -> None:
        """Prepare a lease; `hold_lease` takes it."""
        self._client = client
        self._service = service
        self._lease_ms = lease_ms
        self._token = secrets.token_hex(16).encode()

    def take(self) -> None:
        """Take the lease; raises SnapshotBusyError while another writer has it."""
        if not self._client.set(lease_key(self._service), self._token, nx=True, px=self._lease_ms):
            raise SnapshotBusyError(service=self._service, problem="another writer is publishing it")

    def release(self) -> None:
        """Give the lease back if it is still ours."""
        self._client.eval(_RELEASE, 1, lease_key(self._service), self._token)

    def write(self, keys: Sequence[bytes], values: Sequence[bytes], *, expires_at: int) -> int:
        """Set keys to values; return how many."""
        return self._run(_WRITE, keys, (expires_at, *values))

    def renew(self, keys: Sequence[bytes], *, expires_at: int) -> int:
        """Move the expiry of keys; return how many of them exist."""
        return self._run(_RENEW, keys, (expires_at,))

    def unlink(self, keys: Sequence[bytes]) -> int:
        """Delete keys; return how many existed."""
        return self._run(_UNLINK, keys, ())

    def mark(self, slot: Slot, meta: SlotMeta) -> None:
        """Record the state of a slot."""
        self.write([meta_key(self._service, slot)], [msgspec.json.encode(meta)], expires_at=meta.expires_at)

    def write_manifest(self, slot: Slot, manifest: bytes, *, expires_at: int) -> None:
        """Record what the bytes of a slot mean."""
        self.write([manifest_key(self._service, slot)], [manifest], expires_at=expires_at)

    def flip(self, pointer: Pointer, meta: SlotMeta) -> None:
        """Make a slot ready and live in one step, for every reader at once."""
        keys = [meta_key(self._service, pointer.slot), pointer_key(self._service)]
        # The pointer ends before the first row does: a snapshot expires as a whole, never row by row.
        self.write(keys, [msgspec.json.encode(meta), msgspec.json.encode(pointer)], expires_at=meta.expires_at)

    def _run(self, script: str, keys: Sequence[bytes], arguments: Sequence[bytes | int]) -> int:
        all_keys = (lease_key(self._service), *keys)
        words = (self._token, self._lease_ms, *arguments)
        answer = cast("int", self._client.eval(script, len(all_keys), *all_keys, *words))
        if answer == _FENCED:
            raise SnapshotBusyError(service=self._service, problem="its lease ran out and another writer may have it")
        return answer


@contextmanager
def hold_lease(client: redis.Redis, service: str, *, lease_ms: int) -> Iterator[Lease]:
    """Hold the lease of a service; it ends by itself `lease_ms` after the last step of a writer that died."""
    lease = Lease(client, service, lease_ms=lease_ms)
    lease.take()
    try:
        yield lease
    finally:
        lease.release()
