"""The switch of a product: while it is off no model is asked, and the declared fallbacks answer with that reason."""

from platform_assets.serving.inputs import Inputs
from platform_assets.serving.judge import Judgement


def switched_off(inputs: Inputs) -> Judgement:
    """Return the judgement of rows that no model may judge."""
    return Judgement(["switched_off"] * inputs.count, [])
