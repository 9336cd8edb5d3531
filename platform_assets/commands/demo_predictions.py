"""Real HTTP predictions for rows of the last batch: the demo asks the endpoint as an application would."""

from typing import TYPE_CHECKING

from platform_assets.batch.published_view import read_published_inputs
from platform_assets.commands.predict import Answer, ask_endpoint
from platform_assets.contract.product import Product
from platform_assets.errors import DeploymentError
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE_ROWS = 5


def predict_sample(settings: Settings, product: Product) -> list[Answer]:
    """Ask the endpoint about a few rows of the product's last published batch and return the answers."""
    inputs = read_published_inputs(settings, product).slice(0, SAMPLE_ROWS)
    body = {"product": product.name, "rows": request_rows(product, inputs)}
    status, answer = ask_endpoint(settings, body)
    predictions = answer.get("predictions")
    if not isinstance(predictions, list):
        raise DeploymentError(product=product.name, release="live", reason=f"HTTP {status}: {answer.get('detail')}")
    return predictions


def request_rows(product: Product, inputs: "pa.Table") -> list[dict[str, object]]:
    """Return row keys and request fields of batch inputs as an application would send them."""
    names = dict.fromkeys((*product.entity.row_keys, *(field.name for field in product.request)))
    return [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
        for row in inputs.select(list(names)).to_pylist()
    ]
