"""Records of a product as a watch meets them: publications with their file, refusals and runs; no batch behind them."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from platform_assets.contract.product import Product
from platform_assets.ledger.artifacts import record_artifact
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.promises import Observation
from platform_assets.ledger.publication_stamps import SOURCE_AT
from platform_assets.ledger.publications import Publication, current_publication, next_revision, record_publication
from platform_assets.ledger.quarantined import QuarantineRecord, record_quarantined
from platform_assets.products._discovery import discover_products
from platform_assets.published.ledger_batch import published_batch
from platform_assets.published.rows import write_published_file
from platform_assets.settings import Settings

HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR
MONDAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def product_named(name: str) -> Product:
    return next(product for product in discover_products() if product.name == name)


@dataclass(frozen=True)
class Records:
    """A ledger in live mode and what is recorded there about one product."""

    settings: Settings
    ledger: Ledger
    product: Product

    def publish(
        self, as_of: dt.datetime, *, at: dt.datetime | None = None, source_at: dt.datetime | None = None
    ) -> Publication:
        """Record a publication that was made four hours after its as-of, from sources of the evening before."""
        day = as_of.date().isoformat()
        revision = next_revision(self.ledger, self.product.name, day, 1)
        digest = f"{day}-{revision}".ljust(64, "0")
        published_at = at or as_of + 4 * HOUR
        record_artifact(
            self.ledger,
            kind="publication",
            name=self.product.name,
            digest=digest,
            uri="lake",
            inputs=(),
            run_id=f"run-{digest[:12]}",
            code_version="c",
            created_at=published_at,
            details={SOURCE_AT: (source_at or as_of - 7 * HOUR).isoformat()},
        )
        made = record_publication(
            self.ledger,
            product=self.product.name,
            as_of=day,
            model_version=1,
            revision=revision,
            release_id="r1",
            row_count=3,
            digest=digest,
            delta_version=1,
            published_at=published_at,
            run_id=f"run-{digest[:12]}",
        )
        self.show()
        return made

    def show(self) -> Path:
        """Write the file of readers, as the publisher of the current batch does."""
        shown = current_publication(self.ledger, self.product.name)
        assert shown is not None
        rows = pa.table({"score": [0.5], "is_valid": [True]})
        return write_published_file(self.settings, self.product, rows, published_batch(self.ledger, shown))

    def refuse(self, as_of: dt.datetime, *, at: dt.datetime | None = None, run_id: str = "refused") -> QuarantineRecord:
        return record_quarantined(
            self.ledger,
            product=self.product.name,
            as_of=as_of.date().isoformat(),
            digest=f"bad-{as_of.date()}".ljust(64, "0"),
            uri="quarantine",
            reasons=[{"guardrail": "value_range"}],
            quarantined_at=at or as_of + 4 * HOUR,
            run_id=run_id,
        )


def make_records(root: Path, *, name: str = "churn", is_live: bool = True) -> Records:
    settings = Settings(home=root, fsync=False, clock_mode="live" if is_live else "replay")
    return Records(settings, open_ledger(settings.ledger_dsn), product_named(name))


def states(observations: list[Observation]) -> dict[str, str]:
    return {one.subject or one.promise: one.state for one in observations}
