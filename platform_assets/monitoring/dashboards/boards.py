"""The dashboards of the platform; the limits drawn in them are those that the products declare."""

from collections.abc import Sequence

from platform_assets.contract.product import Product
from platform_assets.cost_settings import CostSettings
from platform_assets.monitoring.dashboards.cost_board import cost_board
from platform_assets.monitoring.dashboards.endpoint_board import ENDPOINT_BOARD
from platform_assets.monitoring.dashboards.overview_board import overview_board
from platform_assets.monitoring.dashboards.panels import Dashboard
from platform_assets.monitoring.dashboards.product_board import product_board


def dashboards(products: Sequence[Product], prices: CostSettings) -> tuple[Dashboard, ...]:
    """Return overview, one per product that is served, endpoint, and batches with costs."""
    online = [product for product in products if product.online is not None]
    return (overview_board(), *map(product_board, online), ENDPOINT_BOARD, cost_board(prices))
