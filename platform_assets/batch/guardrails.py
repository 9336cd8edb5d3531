"""What a staged batch must satisfy before it is published; a guardrail that fails refuses the whole batch."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from platform_assets.contract.product import Product

if TYPE_CHECKING:
    import pyarrow as pa

GUARDRAILS = ("value_range", "null_ratio", "row_count", "row_count_change", "unique_rows")


@dataclass(frozen=True, slots=True)
class GuardrailResult:
    """The verdict of one guardrail with the number it judged and its bound."""

    guardrail: str
    is_passed: bool
    observed: float
    bound: str

    def as_reason(self) -> dict[str, object]:
        """Return the verdict as plain data for the quarantine and the UI."""
        return asdict(self)

    def __str__(self) -> str:
        """Say what was seen and what is allowed."""
        return f"{self.guardrail}: {self.observed:g}, allowed {self.bound}"


def judge_batch(product: Product, rows: "pa.Table", *, previous_rows: int | None) -> list[GuardrailResult]:
    """Return one verdict per guardrail. `previous_rows` is the size of the last published batch, None for the first."""
    return [
        _value_range(product, rows),
        _null_ratio(product, rows),
        _row_count(product, rows),
        _row_count_change(product, rows, previous_rows),
        _unique_rows(rows),
    ]


def _value_range(product: Product, rows: "pa.Table") -> GuardrailResult:
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy; only batch steps need it

    low, high = product.score.low, product.score.high
    score = rows.column("score")
    is_inside = pc.and_(pc.greater_equal(score, low), pc.less_equal(score, high))  # NaN is not
    outside = pc.sum(pc.invert(is_inside)).as_py() or 0
    return GuardrailResult("value_range", outside == 0, float(outside), f"0 scores outside [{low:g}, {high:g}]")


def _null_ratio(product: Product, rows: "pa.Table") -> GuardrailResult:
    bound = product.guardrails.max_null_ratio
    ratio = rows.column("score").null_count / rows.num_rows if rows.num_rows else 0.0
    return GuardrailResult("null_ratio", ratio <= bound, ratio, f"at most {bound:g}")


def _row_count(product: Product, rows: "pa.Table") -> GuardrailResult:
    least = product.guardrails.min_rows
    return GuardrailResult("row_count", rows.num_rows >= least, float(rows.num_rows), f"at least {least}")


def _row_count_change(product: Product, rows: "pa.Table", previous_rows: int | None) -> GuardrailResult:
    bound = product.guardrails.max_row_change_ratio
    change = abs(rows.num_rows - previous_rows) / previous_rows if previous_rows else 0.0
    return GuardrailResult("row_count_change", change <= bound, change, f"at most {bound:g} of the batch before")


def _unique_rows(rows: "pa.Table") -> GuardrailResult:
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy; only batch steps need it

    repeated = rows.num_rows - pc.count_distinct(rows.column("row_key")).as_py()
    return GuardrailResult("unique_rows", repeated == 0, float(repeated), "0 repeated row keys")
