"""What a contract says of the published rows is what lies in the file, and its card is beside each release."""

import pyarrow.parquet as pq

from platform_assets.commands.contract_records import column_type, key_types
from platform_assets.contract.published_columns import published_columns
from platform_assets.inference.live_pointer import read_live
from platform_assets.products._discovery import discover_products
from platform_assets.published.rows import published_path
from platform_assets.settings import Settings


def test_every_contract_names_the_columns_of_the_published_rows_with_their_types_and_where_they_are_never_empty(
    settings: Settings,
) -> None:
    for product in discover_products():
        rows = pq.read_table(published_path(settings, product.name))
        promised, keys = published_columns(product), key_types(settings, product)
        found = [(field.name, column_type(field.type)) for field in rows.schema]
        assert found == [(one.name, one.type or keys[one.name]) for one in promised], product.name
        empty = {name for name in rows.column_names if rows.column(name).null_count}
        assert empty <= {one.name for one in promised if not one.is_required}, product.name
        for one in promised:
            assert not one.is_unique or len(rows.column(one.name).unique()) == rows.num_rows, one.name


def test_a_model_card_lies_beside_every_release_in_force(settings: Settings) -> None:
    for product in discover_products():
        live = read_live(settings.releases_dir, product.name)
        assert live is not None
        card = settings.releases_dir / product.name / f"{live.release_id}.card.html"
        assert product.title in card.read_text(encoding="utf-8")
