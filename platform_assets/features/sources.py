"""What the rows of a product are made from, as ids of the manifest."""

from platform_assets.contract.product import Product
from platform_assets.ledger.artifacts import latest_artifact
from platform_assets.ledger.database import Ledger


def source_artifacts(ledger: Ledger, product: Product) -> list[str]:
    """Return the newest staging of the product's data set and the newest history of each of its feature views.

    One that was built without the platform's assets is not in the manifest and is left out.
    """
    found = [
        latest_artifact(ledger, "staging", product.dataset),
        *(latest_artifact(ledger, "feature_history", use.view) for use in product.features.views),
    ]
    return [artifact.artifact_id for artifact in found if artifact is not None]
