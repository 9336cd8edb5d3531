"""Looks at the declarations: every product file, the feature views it takes columns from, the dbt project."""

from collections.abc import Iterator

from platform_assets.commands.findings import Finding, ok, problem
from platform_assets.contract.product import Product
from platform_assets.errors import PlatformError
from platform_assets.features.view_contracts import check_product, load_views
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings


def declaration_findings(settings: Settings) -> Iterator[Finding]:
    """Yield one finding per product, after those about the dbt project and the feature views."""
    dbt = settings.project_root / "dbt_project" / "dbt_project.yml"
    if not dbt.exists():
        yield problem("dbt project", f"{dbt} is missing", "Restore dbt_project from the repository.")
    try:
        products = discover_products()
        views = load_views(settings.project_root)
    except PlatformError as error:
        yield problem("declarations", error.code, str(error))
        return
    yield ok("feature views", ", ".join(sorted(views)))
    for product in products:
        try:
            check_product(product, views)
        except PlatformError as error:
            yield problem(product.name, error.code, str(error))
        else:
            yield ok(product.name, _summary(product))


def _summary(product: Product) -> str:
    stored, gates = len(product.stored_columns), len(product.gates)
    served = "served online" if product.online else "batch only"
    return f"{product.batch.cadence}, {stored} stored features, {gates} gates, {served}"
