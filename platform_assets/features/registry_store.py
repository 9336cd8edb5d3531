"""The Feast registry as one file under the platform's home, replaced whole so that no reader sees a part of it."""

import uuid
from pathlib import Path

from feast.infra.registry.file import FileRegistryStore
from feast.protos.feast.core.Registry_pb2 import Registry
from feast.repo_config import RegistryConfig

from platform_assets.clock import wall_now
from platform_assets.inference.durable import write_file
from platform_assets.settings import Settings


class HomeRegistryStore(FileRegistryStore):
    """Keeps the registry in `feast/<path>` of the platform's home; an absolute path stays what it is."""

    def __init__(self, registry_config: RegistryConfig, repo_path: Path) -> None:
        """Resolve the path; `PLATFORM_HOME` decides the home as everywhere else."""
        super().__init__(registry_config, repo_path)
        path = Path(registry_config.path)
        self._filepath = path if path.is_absolute() else Settings.from_environment().feast_dir / path

    def _write_registry(self, registry_proto: Registry) -> None:
        # Feast writes in place: a reader could meet a half-written registry.
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        registry_proto.version_id = str(uuid.uuid4())
        registry_proto.last_updated.FromDatetime(wall_now())
        write_file(self._filepath, registry_proto.SerializeToString())
