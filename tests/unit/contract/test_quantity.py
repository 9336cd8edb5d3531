"""Numbers as people read them."""

import pytest

from platform_assets.contract.quantity import quantity


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (0.95, "share of good units", "95 % of good units"),
        (0.9991, "share of good units", "99.91 % of good units"),
        (200.5, "hours", "200.5 hours"),
        (3.0, "", "3"),
    ],
)
def test_a_share_is_told_in_percent_and_any_other_number_with_its_unit(value: float, unit: str, told: str) -> None:
    assert quantity(value, unit) == told
