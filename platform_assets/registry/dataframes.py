"""Between pandas, which MLflow speaks, and the frame of the scoring path."""

from typing import Any

import numpy as np
import pandas as pd

from platform_assets.inference.frame import Column, Frame


def frame_from_pandas(data: pd.DataFrame) -> Frame:
    """Return the columns as float64 arrays (instants as epoch seconds) and text as object arrays."""
    return {str(name): _column(data[name]) for name in data.columns}


def without_zone(data: pd.DataFrame) -> pd.DataFrame:
    """Return the data with instants as naive UTC, which is what MLflow's signatures take."""
    naive = data.copy()
    for name in data.select_dtypes("datetimetz").columns:
        naive[name] = data[name].dt.tz_convert("UTC").dt.tz_localize(None)
    return naive


def _column(values: "pd.Series[Any]") -> Column:
    if pd.api.types.is_datetime64_any_dtype(values):
        instants = values.dt.tz_localize("UTC") if values.dt.tz is None else values.dt.tz_convert("UTC")
        micros = instants.dt.tz_localize(None).astype("datetime64[us]").to_numpy()
        return np.where(np.isnat(micros), np.nan, micros.astype(np.int64) / 1e6)
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=np.float64)
    return values.where(values.notna(), None).to_numpy(dtype=object)
