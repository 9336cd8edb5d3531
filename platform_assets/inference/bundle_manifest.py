"""What a bundle says about itself: where it comes from and the digest of every file."""

import datetime as dt
import hashlib
from typing import Literal

import msgspec

from platform_assets.contract.names import feature_service
from platform_assets.contract.product import Product

MANIFEST_FILE = "bundle.json"
FEATURES_FILE = "features.json"
Framework = Literal["lightgbm", "rfm_segments"]


class BundleOrigin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a bundle comes from; all that a trace needs to walk back from it."""

    product: str
    model_version: int
    framework: Framework
    created_at: dt.datetime
    training_run_id: str
    training_set_digest: str
    code_version: str
    feature_version: str
    output_schema_version: int
    product_digest: str


class BundleManifest(BundleOrigin, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The origin of a bundle and the sha256 of each of its files by name."""

    files: dict[str, str]


def bundle_digest(manifest: BundleManifest) -> str:
    """Return the sha256 of the canonical manifest: it identifies every byte of the bundle."""
    return hashlib.sha256(encode_manifest(manifest)).hexdigest()


def encode_manifest(manifest: BundleManifest) -> bytes:
    """Return the canonical JSON of a manifest."""
    return msgspec.json.encode(manifest, order="deterministic")


def feature_version(product: Product) -> str:
    """Return 16 hex digits that change when the stored features of a product change, in name or order."""
    service = feature_service(product.name, product.features.version)
    told = msgspec.json.encode([service, product.features], order="deterministic")
    return hashlib.sha256(told).hexdigest()[:16]
