"""Model versions of a product: numbers from 1, one per pair; what was trained before is found again."""

from dataclasses import dataclass
from pathlib import Path

from platform_assets.inference.bundle import read_manifest
from platform_assets.inference.bundle_manifest import MANIFEST_FILE, BundleManifest
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class TrainingKey:
    """What decides the bytes of a pair: the same key gives the same pair."""

    training_set_digest: str
    product_digest: str
    code_version: str

    @classmethod
    def of(cls, manifest: BundleManifest) -> "TrainingKey":
        """Return the key that a bundle was trained under."""
        return cls(manifest.training_set_digest, manifest.product_digest, manifest.code_version)


def bundle_dir(settings: Settings, product: str, version: int) -> Path:
    """Return the directory of the bundle of a model version."""
    return settings.bundles_dir / product / str(version)


def judgement_path(bundle: Path) -> Path:
    """Return the file beside a bundle that keeps what was measured when it was trained."""
    return bundle.with_name(f"{bundle.name}.judgement.json")


def find_version(settings: Settings, product: str, key: TrainingKey) -> int | None:
    """Return the newest version that was trained under this very key, or None."""
    for version in sorted(_versions(settings, product), reverse=True):
        if TrainingKey.of(read_manifest(bundle_dir(settings, product, version))) == key:
            return version
    return None


def next_version(settings: Settings, product: str) -> int:
    """Return the number of the next pair; a run that died before its bundle was written left its number free."""
    return max(_versions(settings, product), default=0) + 1


def latest_version(settings: Settings, product: str) -> int | None:
    """Return the newest version that has a bundle, or None."""
    return max(_versions(settings, product), default=None)


def _versions(settings: Settings, product: str) -> list[int]:
    return [
        int(path.parent.name)
        for path in (settings.bundles_dir / product).glob(f"*/{MANIFEST_FILE}")
        if path.parent.name.isdecimal()
    ]
