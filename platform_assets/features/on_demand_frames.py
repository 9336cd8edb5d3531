"""The on-demand features of a product on a dataframe: what Feast's generated functions call, and nothing else."""

import numpy as np
import pandas as pd

from platform_assets.contract.product import Product
from platform_assets.errors import UnknownProductError
from platform_assets.inference.frame import Column, text_columns, to_column
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.products._discovery import discover_products

_MICROSECONDS = 1e6


def compute_on_demand(product_name: str, inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the on-demand features of a product as float64 columns, by the one function of batch and endpoint.

    Instants may be timestamps, ISO 8601 text or epoch seconds. Raises UnknownProductError or MissingInputError.
    """
    product = _product(product_name)
    texts = text_columns(product)
    frame = {name: _column(inputs[name], is_text=name in texts) for name in needed_inputs(product)}
    computed = apply_on_demand(product.on_demand, frame, product=product_name)
    return pd.DataFrame({feature.name: computed[feature.name] for feature in product.on_demand}, index=inputs.index)


def needed_inputs(product: Product) -> tuple[str, ...]:
    """Return what the on-demand features are computed from and do not compute themselves, in order of use."""
    own = {feature.name for feature in product.on_demand}
    used = dict.fromkeys(name for feature in product.on_demand for name in feature.inputs)
    return tuple(name for name in used if name not in own)


def _product(name: str) -> Product:
    found = {product.name: product for product in discover_products()}
    if name not in found:
        raise UnknownProductError(product=name, known=", ".join(found))
    return found[name]


def _column(values: pd.Series, *, is_text: bool) -> Column:
    if is_text:
        return to_column(values.where(values.notna(), None), "text")
    if isinstance(values.dtype, pd.DatetimeTZDtype) or values.dtype.kind == "M":
        utc = pd.to_datetime(values, utc=True)
        micros = utc.astype("datetime64[us, UTC]").astype("int64").to_numpy(dtype=np.float64) / _MICROSECONDS
        return np.where(utc.isna().to_numpy(), np.nan, micros)
    if values.dtype == object:
        return to_column(values.where(values.notna(), None), "timestamp")
    return values.to_numpy(dtype=np.float64, na_value=np.nan)
