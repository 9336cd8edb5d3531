"""A batch keeps why each score is what it is, where its product declares it."""

import math
from pathlib import Path

import msgspec

from platform_assets.batch.published_view import read_published
from platform_assets.contract.explanation import ToldExplanation
from tests.unit.batch.batch_home import CUSTOMERS, make_home


def test_every_row_of_a_batch_keeps_reasons_that_add_up_to_its_model_output(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    home.run()
    rows = read_published(home.settings, home.product).to_pylist()
    assert len(rows) == len(CUSTOMERS)
    for row in rows:
        told = msgspec.json.decode(row["explanation"], type=ToldExplanation)
        summed = told.baseline + sum(reason.contribution for reason in told.reasons) + told.others
        assert math.isclose(summed, told.margin, rel_tol=1e-9)
        assert math.isclose(told.margin, row["model_output"], rel_tol=1e-9)  # the sample's model has no link
        assert told.reasons


def test_a_product_that_declares_none_keeps_none(tmp_path: Path) -> None:
    home = make_home(tmp_path, name="clv")
    home.run()
    assert read_published(home.settings, home.product).column("explanation").null_count == len(CUSTOMERS)
