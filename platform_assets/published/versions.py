"""Where the rows of each version of an output are: the file of the current batch, or one beside it until the sunset."""

import datetime as dt
from pathlib import Path

from platform_assets.contract.product import Product
from platform_assets.contract.versions import earlier_version, readable_versions, state_of
from platform_assets.errors import OutputVersionRetiredError, UnknownOutputVersionError
from platform_assets.settings import Settings


def version_path(settings: Settings, product: str, version: int) -> Path:
    """Return the file with the last good batch of an earlier version of a product's output."""
    return settings.published_dir / f"{product}.v{version}.parquet"


def version_paths(settings: Settings, product: str) -> list[Path]:
    """Return the files of all earlier versions that are there."""
    return sorted(settings.published_dir.glob(f"{product}.v*.parquet"))


def require_readable(product: Product, version: int, at: dt.datetime) -> None:
    """Raise OutputVersionRetiredError from the sunset of a version on, UnknownOutputVersionError for none at all."""
    current, earlier = product.score.schema_version, product.earlier_versions
    state, told = state_of(current, earlier, version, at), earlier_version(earlier, version)
    if state == "retired" and told is not None:
        raise OutputVersionRetiredError(
            product=product.name,
            version=version,
            sunset=told.sunset.isoformat(),
            current=current,
            change=told.what_changed,
        )
    if state == "unknown":
        offered = ", ".join(map(str, readable_versions(current, earlier, at)))
        raise UnknownOutputVersionError(product=product.name, version=version, offered=offered)
