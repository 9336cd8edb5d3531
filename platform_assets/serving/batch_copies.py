"""The last published batch predictions as the snapshots' copies on disk hold them: for when the store is away."""

from collections.abc import Sequence

import msgspec
import numpy as np

from platform_assets.contract.names import last_batch_service
from platform_assets.errors import OnlineStoreError
from platform_assets.online.packing import UnpackedRows, unpack_rows
from platform_assets.online.slots import Pointer
from platform_assets.online.snapshot_copy import PackedSnapshot
from platform_assets.online.snapshot_live import last_live, live_copy
from platform_assets.settings import Settings


class BatchCopies:
    """Holds one small copy per product in memory, so that an answer without the store costs no wait at all."""

    def __init__(self, settings: Settings) -> None:
        """Start empty; `prepare` loads."""
        self._settings = settings
        self._held: dict[str, tuple[Pointer, PackedSnapshot]] = {}

    def prepare(self, products: Sequence[str]) -> None:
        """Load the copies that became live since the last call; one that is missing or damaged is left out.

        Reads files: call it in a thread.
        """
        for service in map(last_batch_service, products):
            try:
                live = last_live(self._settings, service)
                held = self._held.get(service)
                if live is not None and (held is None or held[0] != live):
                    self._held[service] = (live, live_copy(self._settings, service))
            except (OnlineStoreError, msgspec.DecodeError, OSError):
                continue  # the copy is an extra: the chain goes on without it

    def find(self, service: str, keys: Sequence[str]) -> tuple[tuple[str, ...], UnpackedRows] | None:
        """Return the columns and the rows of a service, None when no copy is held."""
        held = self._held.get(service)
        if held is None:
            return None
        snapshot = held[1]
        layout, packed = snapshot.manifest.key_sets[0], snapshot.key_sets[0]
        wanted = np.array([key.encode() for key in keys], dtype=np.bytes_)
        places = np.searchsorted(packed.keys, wanted)
        raw = [
            packed.words[place].tobytes() if place < len(packed.keys) and packed.keys[place] == key.encode() else None
            for place, key in zip(places.tolist(), keys, strict=True)  # the text: numpy drops zero bytes at its end
        ]
        return layout.columns, unpack_rows(layout, snapshot.manifest.schema_hash, raw, service=service)
