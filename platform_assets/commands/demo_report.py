"""What the demo shows at its end: products, one prediction with its trace, URLs and what each stage took."""

from collections.abc import Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from platform_assets.audit.trace import TraceNode, trace
from platform_assets.batch.published_view import current, published_age
from platform_assets.clock import wall_now
from platform_assets.commands.demo_record import DemoRecord
from platform_assets.commands.trace import trace_tree
from platform_assets.contract.product import Product
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import read_release
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.settings import Settings
from platform_assets.training.candidates import read_judgement


class ProductLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product: what is published and how good its model is beside the baseline that its first gate names."""

    product: str
    rows: int
    quality: str
    release: str
    as_of: str
    age_hours: float
    is_stale: bool


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole outcome of a demo."""

    is_new: bool
    products: list[ProductLine]
    prediction: TraceNode | None
    urls: dict[str, str]
    stage_seconds: dict[str, float]
    peak_memory_mib: float


def gather_report(settings: Settings, products: Sequence[Product], record: DemoRecord, *, is_new: bool) -> DemoReport:
    """Return what is published and served now; raises NotMaterializedError when a part is gone."""
    ledger = open_ledger(settings.ledger_dsn)
    prediction_id = record.prediction_ids[0] if record.prediction_ids else None
    return DemoReport(
        is_new=is_new,
        products=[_line(settings, ledger, product) for product in products],
        prediction=trace(settings, prediction_id) if prediction_id else None,
        urls={
            "endpoint": f"http://127.0.0.1:{settings.endpoint_port}/v1/products",
            "a call of it": _call(settings),
            "Dagster UI (after `make up`)": f"http://127.0.0.1:{settings.dagster_port}",
            "MLflow UI (after `make up`)": settings.mlflow_url or f"http://127.0.0.1:{settings.mlflow_port}",
        },
        stage_seconds=record.stage_seconds,
        peak_memory_mib=record.peak_memory_mib,
    )


def _call(settings: Settings) -> str:
    credential = "" if settings.access == "open" else f"-H @{settings.access_dir / 'me'} "
    return f"curl -s {credential}http://127.0.0.1:{settings.endpoint_port}/v1/products"


def render_report(report: DemoReport) -> RenderableType:
    """Return the report for a terminal."""
    parts: list[RenderableType] = [_products_table(report.products)]
    if report.prediction is not None:
        parts += [
            Text("\nOne HTTP prediction, traced back to the raw files", style="bold"),
            trace_tree(report.prediction),
        ]
    parts += [_urls_table(report.urls), _stages_table(report)]
    if not report.is_new:
        parts.append(
            Text("\nNothing was changed: the demo had already run for this code and this data.", style="green")
        )
    return Group(*parts)


def _line(settings: Settings, ledger: Ledger, product: Product) -> ProductLine:
    publication = current(ledger, product)
    live = read_live(settings.releases_dir, product.name)
    release_id = live.release_id if live else publication.release_id
    release = read_release(settings.releases_dir, product.name, release_id)
    age = published_age(settings, ledger, product, publication, at=wall_now())
    return ProductLine(
        product=product.name,
        rows=publication.row_count,
        quality=_quality(settings, product, release.bundle_path),
        release=release_id,
        as_of=publication.as_of,
        age_hours=age.hours,
        is_stale=age.is_stale,
    )


def _quality(settings: Settings, product: Product, bundle_path: str) -> str:
    """Return the model's number beside the baseline's, for the first gate that compares; else its first metric."""
    evaluation = read_judgement(settings.home / bundle_path).evaluation
    for gate in product.gates:
        if gate.better_than is not None:
            found = evaluation.compared(gate.metric, gate.better_than, slice_name=gate.slice)
            if found is not None and found.model is not None and found.other is not None:
                where = "" if gate.slice == "all" else f" {gate.slice}"
                return f"{gate.metric}{where} {found.model:.4f}, {gate.better_than} {found.other:.4f}"
    metrics = evaluation.metrics()
    return ", ".join(f"{name} {value:.4f}" for name, value in list(metrics.items())[:1]) or "not measured"


def _products_table(lines: Sequence[ProductLine]) -> Table:
    table = Table(
        "product", "rows scored", "quality and baseline", "release", "as of", "fresh", box=None, padding=(0, 2)
    )
    for line in lines:
        fresh = Text("stale", style="red") if line.is_stale else Text(f"yes, {line.age_hours:.0f} h", style="green")
        table.add_row(line.product, f"{line.rows:,}", line.quality, line.release, line.as_of, fresh)
    return table


def _urls_table(urls: dict[str, str]) -> Table:
    table = Table("\nwhere to look", "", box=None, padding=(0, 2), show_header=True)
    for name, url in urls.items():
        table.add_row(name, url)
    return table


def _stages_table(report: DemoReport) -> Table:
    table = Table("\nstage", "\nseconds", box=None, padding=(0, 2))
    for title, seconds in report.stage_seconds.items():
        table.add_row(title, f"{seconds:.1f}")
    table.add_row("all stages", f"{sum(report.stage_seconds.values()):.1f}", style="bold")
    table.add_row("peak memory of the demo", f"{report.peak_memory_mib:.0f} MiB")
    return table
