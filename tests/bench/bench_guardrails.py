"""False alarms of the guardrails on the clean history of the real data, and misses on poisoned batches of it.

Needs a home with the real data (`make demo`); writes its tables into the documents.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.batch.guarding.result import Level
from platform_assets.clock import midnight
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.bench.guardrails.replay import (
    Released,
    Scored,
    as_ofs_of,
    batch_before,
    evidence_on,
    judge_history,
    score_history,
    train,
)
from tests.bench.guardrails.tables import (
    Caught,
    FalseAlarms,
    detection_sums,
    detection_table,
    false_alarm_table,
    put_between,
)
from tests.unit.batch.poisons import Poison, poisons_of

POISONED_DAYS = 6
LEAST_ROWS = 20
PAGE = PROJECT_ROOT / "docs" / "guardrails.md"
FIGURES = PROJECT_ROOT / "docs" / "benchmarks" / "guardrails.md"


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings(r"ignore:fetch_arrow_table\(\) is deprecated:DeprecationWarning")
def test_false_alarms_and_misses_of_the_guardrails(tmp_path: Path) -> None:
    """Replay and poison every product; nothing that was never spoiled may be refused."""
    settings = Settings.from_environment()
    if settings.data_source != "full" or not list(settings.staging_dir.glob("*.parquet")):
        pytest.skip(f"{settings.home} does not hold the full data: run `make demo` first, or set PLATFORM_HOME")
    alarms, found = [], {}
    products = [product.name for product in discover_products()]
    for product in discover_products():
        released = train(settings, product, tmp_path / product.name)
        history = score_history(settings, released, as_ofs_of(product))
        alarms.append(_false_alarms(settings, released, history))
        for poison in poisons_of(product.score.kind):
            found[poison.name, product.name] = _caught(released, history, poison)
    tables = {
        "false alarms": false_alarm_table(alarms),
        "sums": detection_sums(products, found),
        "detections": detection_table(products, found),
    }
    print(*tables.values(), sep="\n\n")
    for name in ("false alarms", "sums"):
        put_between(PAGE, name, tables[name])
    for name, table in tables.items():
        put_between(FIGURES, name, table)
    assert sum(one.refused for one in alarms) == 0


def _false_alarms(settings: Settings, released: Released, history: Sequence[Scored]) -> FalseAlarms:
    product = released.product
    judged = [results for _, results in judge_history(settings, released, history)]
    order: tuple[Level, ...] = ("pass", "warn", "fail")
    worst = [max((one.level for one in results), key=order.index) for results in judged]
    loud = Counter(one.guardrail for results in judged for one in results if one.level != "pass")
    compared = [
        results
        for results in judged
        if any(one.guardrail.endswith("from_last") and not one.unjudged for one in results)
    ]
    cutoff = midnight(product.split.cutoff)
    return FalseAlarms(
        product=product.name,
        span=f"{product.batch.cadence}, {history[0].as_of.date()} to {history[-1].as_of.date()}",
        batches=len(history),
        unseen=sum(batch.as_of >= cutoff for batch in history),
        refused=worst.count("fail"),
        warned=worst.count("warn"),
        compared=len(compared),
        by_guardrail=dict(loud.most_common()),
    )


def _caught(released: Released, history: Sequence[Scored], poison: Poison) -> Caught:
    """Poison batches of days all over the history, each after the sound one that it is compared with."""
    pairs = [
        (batch, last)
        for place, batch in enumerate(history)
        if (last := batch_before(released.product, history[:place], batch.as_of)) is not None
        and min(batch.rows.num_rows, last.rows.num_rows) >= LEAST_ROWS
    ]
    chosen = [pairs[place] for place in np.linspace(len(pairs) // 4, len(pairs) - 1, POISONED_DAYS).astype(int)]
    refused = warned = by_name = 0
    for batch, last in chosen:
        results = judge_batch(poison.poison(evidence_on(released, batch, last)))
        levels = {one.level for one in results}
        refused += "fail" in levels
        warned += "fail" not in levels and "warn" in levels
        by_name += any(one.guardrail == poison.guardrail and one.level == "fail" for one in results)
    return Caught(batches=len(chosen), refused=refused, warned=warned, by_name=by_name)
