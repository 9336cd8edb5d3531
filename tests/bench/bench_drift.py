"""How often a clean window is called drifted, and from which shift on a moved one is: by the real inputs of products.

Needs a home with training sets (`make demo`); writes its tables into the documents.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from platform_assets.contract.product import Product
from platform_assets.features.frames import to_frame
from platform_assets.inference.frame import Column
from platform_assets.monitoring.drift.figures import FeatureDrift
from platform_assets.monitoring.drift.judge import judge_inputs
from platform_assets.monitoring.drift.samples import sample_of
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.bench.guardrails.tables import put_between

PAGE = PROJECT_ROOT / "docs" / "benchmarks" / "drift.md"
WINDOWS = 50
ROWS = (100, 1000)
MOST_EXAMPLES = 10_000  # of a training set, drawn at random
SHIFTS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 2.5, 3.5)
MOVED_ROWS = 1000
SURE = 0.05  # the level of the plain test, and the rate of false discoveries of the corrected one
Inputs = Mapping[str, Column]


@dataclass
class Alarms:
    """How many windows and features are called drifted by each way of judging; `rule` is that of the platform."""

    windows: int = 0
    features: int = 0
    plain: int = 0
    corrected: int = 0
    rule: int = 0
    failed: int = 0
    plain_windows: int = 0
    corrected_windows: int = 0
    rule_windows: int = 0

    def add(self, found: tuple[FeatureDrift, ...]) -> None:
        judged = [one for one in found if one.is_judged]
        plain = [one for one in judged if one.p_value is not None and one.p_value <= SURE]
        corrected = [one for one in judged if one.q_value is not None and one.q_value <= SURE]
        rule = [one for one in judged if one.level != "pass"]
        self.windows += 1
        self.features += len(judged)
        self.plain, self.corrected, self.rule = (
            self.plain + len(plain),
            self.corrected + len(corrected),
            self.rule + len(rule),
        )
        self.failed += sum(one.level == "fail" for one in judged)
        self.plain_windows += bool(plain)
        self.corrected_windows += bool(corrected)
        self.rule_windows += bool(rule)


@pytest.mark.timeout(3600)
def test_false_alarms_and_detection_of_drift() -> None:
    """Draw clean windows of the training set itself, and move one feature of them by parts of its deviation."""
    settings = Settings.from_environment()
    sets = [(product, path) for product in discover_products() if (path := _training_set(settings, product))]
    if not sets:
        pytest.skip(f"{settings.home} holds no training set: run `make demo` first, or set PLATFORM_HOME")
    random = np.random.default_rng(2027)
    alarms, found = [], []
    for product, path in sets:
        inputs = sample_of(product, to_frame(product, pq.read_table(path)), np.empty(0)).inputs
        inputs = _drawn(inputs, min(MOST_EXAMPLES, _count(inputs)), random)
        alarms += [_false_alarms(product.name, inputs, rows, random) for rows in ROWS]
        found.append(_detected(product.name, inputs, random))
    tables = {
        "false alarms": _alarm_table(alarms),
        "detection": _detection_table(found),
        "history": _history_table(list(_histories(sets))),
    }
    print(*tables.values(), sep="\n\n")
    for name, table in tables.items():
        put_between(PAGE, name, table)
    assert sum(one.failed for _, _, one in alarms) == 0


def _training_set(settings: Settings, product: Product) -> Path | None:
    """Return the largest training set of a product: one of a single moment says nothing of a year."""
    files = (settings.training_dir / product.name).glob("*.parquet")
    return max(files, key=lambda path: path.stat().st_size, default=None)


def _halves(inputs: Inputs, random: np.random.Generator) -> tuple[Inputs, Inputs]:
    """Return the rows in two parts, so that a window has no row of its reference."""
    count = len(next(iter(inputs.values())))
    order = random.permutation(count)
    return tuple({name: column[part] for name, column in inputs.items()} for part in np.array_split(order, 2))  # type: ignore[return-value]  # two parts, as asked


def _drawn(inputs: Inputs, rows: int, random: np.random.Generator) -> dict[str, Column]:
    chosen = random.choice(len(next(iter(inputs.values()))), rows, replace=False)
    return {name: column[chosen] for name, column in inputs.items()}


def _false_alarms(name: str, inputs: Inputs, rows: int, random: np.random.Generator) -> tuple[str, int, Alarms]:
    alarms = Alarms()
    for _ in range(WINDOWS):
        reference, rest = _halves(inputs, random)
        alarms.add(judge_inputs(reference, _drawn(rest, min(rows, _count(rest)), random)))
    return name, rows, alarms


def _count(inputs: Inputs) -> int:
    return len(next(iter(inputs.values())))


def _detected(name: str, inputs: Inputs, random: np.random.Generator) -> tuple[str, list[tuple[float, float, float]]]:
    """Return per shift: the share of numeric features whose move is significant, called drifted, and failed."""
    reference, rest = _halves(inputs, random)
    numbers = [each for each, column in inputs.items() if column.dtype.kind == "f" and np.nanstd(column) > 0.0]
    found = []
    for shift in SHIFTS:
        window = _drawn(rest, min(MOVED_ROWS, _count(rest)), random)
        moved = {each: window[each] + shift * np.nanstd(reference[each]) for each in numbers}
        alone = [judge_inputs({each: reference[each]}, {each: moved[each]})[0] for each in numbers]
        significant = np.mean([one.q_value is not None and one.q_value <= SURE for one in alone])
        told = np.mean([one.level != "pass" for one in alone])
        failed = np.mean([one.level == "fail" for one in alone])
        found.append((float(significant), float(told), float(failed)))
    return name, found


def _histories(sets: list[tuple[Product, Path]]) -> Iterator[tuple[str, dt.date, int, int, int, str]]:
    """Yield every as-of of the last part of the examples beside all before it: what real time does to inputs."""
    for product, path in sets:
        table = pq.read_table(path)
        days = sorted(set(table.column("as_of").to_pylist()))
        for day in days[-6:]:
            when = pa.scalar(day, table.column("as_of").type)
            before, now = (
                sample_of(product, to_frame(product, table.filter(mask)), np.empty(0))
                for mask in (pc.less(table.column("as_of"), when), pc.equal(table.column("as_of"), when))
            )
            independent = (before.independent, now.independent)
            found = judge_inputs(before.inputs, now.inputs, independent=independent)
            drifted = [one.name for one in found if one.level != "pass"]
            failed = sum(one.level == "fail" for one in found)
            judged = sum(one.is_judged for one in found)
            yield product.name, day.date(), judged, len(drifted), failed, ", ".join(drifted[:4])


def _alarm_table(alarms: list[tuple[str, int, Alarms]]) -> str:
    lines = [
        "| product | rows | windows | features | plain test | in windows | corrected | in windows | drift | in them |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, rows, one in alarms:
        cells = (
            f"{one.plain / max(one.features, 1):.2%}",
            f"{one.plain_windows / one.windows:.0%}",
            f"{one.corrected / max(one.features, 1):.3%}",
            f"{one.corrected_windows / one.windows:.0%}",
            f"{one.rule}",
            f"{one.rule_windows / one.windows:.0%}",
        )
        lines.append(f"| {name} | {rows} | {one.windows} | {one.features} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _detection_table(found: list[tuple[str, list[tuple[float, float, float]]]]) -> str:
    lines = [f"| product | {' | '.join(f'{shift:g} sigma' for shift in SHIFTS)} |", f"|---|{'---|' * len(SHIFTS)}"]
    for name, shares in found:
        cells = [f"{some:.0%} / {told:.0%} / {failed:.0%}" for some, told, failed in shares]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _history_table(rows: list[tuple[str, dt.date, int, int, int, str]]) -> str:
    lines = ["| product | as-of | judged | called drifted | failed | such as |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(map(str, row[:-1]))} | {row[-1] or '-'} |" for row in rows]
    return "\n".join(lines)
