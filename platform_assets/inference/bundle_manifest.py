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


class BundleMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model of an ensemble: its file in the bundle and how much its score counts in the mean."""

    file: str
    weight: float


class BundleOrigin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a bundle comes from; all that a trace needs to walk back from it.

    `members` tells of an ensemble which models make a score, in the order of summation. It is left out of the JSON of a
    single model.
    """

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
    members: tuple[BundleMember, ...] = ()


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
