"""On-demand features on dataframes are those of the scoring path, whatever form the instants have."""

import numpy as np
import pandas as pd
import pytest

from platform_assets.errors import UnknownProductError
from platform_assets.features.on_demand_frames import compute_on_demand, needed_inputs
from platform_assets.products._discovery import discover_products

NOON = pd.Timestamp("2011-03-02T12:00:00Z")
MIDNIGHT = pd.Timestamp("2011-03-01T00:00:00Z")


@pytest.mark.parametrize(
    "later",
    [
        pd.Series([NOON, pd.NaT]),
        pd.Series([NOON.tz_localize(None), pd.NaT]),
        pd.Series(["2011-03-02T12:00:00", None], dtype=object),
        pd.Series([NOON.timestamp(), np.nan]),
    ],
    ids=["with zone", "without zone", "text", "epoch seconds"],
)
def test_instants_may_have_any_form(later: "pd.Series[float]") -> None:
    inputs = pd.DataFrame({"event_at": later, "last_order_at": pd.Series([MIDNIGHT, MIDNIGHT])})
    found = compute_on_demand("segments", inputs)
    np.testing.assert_array_equal(found["days_since_last_order"].to_numpy(), [1.5, np.nan])


def test_the_inputs_of_a_product_leave_out_what_it_computes() -> None:
    parking = next(product for product in discover_products() if product.name == "parking_demand")
    needed = needed_inputs(parking)
    assert {"target_at", "event_at"} <= set(needed)
    assert not {feature.name for feature in parking.on_demand} & set(needed)


def test_a_product_that_is_gone_is_named() -> None:
    with pytest.raises(UnknownProductError, match="gone"):
        compute_on_demand("gone", pd.DataFrame())
