"""A home whose business time a test moves: staging and feature histories of another home, records of its own."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from platform_assets.contract.product import Product
from platform_assets.ledger.artifacts import record_artifact
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.settings import Settings
from tests.conftest import free_port


@dataclass(frozen=True)
class BusinessHome:
    """The platform in live mode: what its functions are told of time is business and wall time at once."""

    settings: Settings
    ledger: Ledger


def business_home(full: Settings, root: Path, product: Product, *, begins: dt.datetime) -> BusinessHome:
    """Return a home over the data of another one, with the sources of a product on record."""
    root.mkdir(parents=True)
    for name in ("staging", "features"):
        (root / name).symlink_to(full.home / name, target_is_directory=True)
    settings = Settings(home=root, clock_mode="live", fsync=False, endpoint_port=free_port())
    home = BusinessHome(settings, open_ledger(settings.ledger_dsn))
    staged = _source(home, "staging", product.dataset, (), begins)
    for use in product.features.views:
        _source(home, "feature_history", use.view, (staged,), begins)
    return home


def _source(home: BusinessHome, kind: str, name: str, inputs: tuple[str, ...], at: dt.datetime) -> str:
    return record_artifact(
        home.ledger,
        kind=kind,  # type: ignore[arg-type] # one of two literals above
        name=name,
        digest=name.ljust(64, "0"),
        uri=name,
        inputs=inputs,
        run_id="linked",
        code_version="linked",
        created_at=at,
    )
