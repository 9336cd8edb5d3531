"""The five key figures by hand, their history, and what of them and of the promises the endpoint shows."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.shown_figures import FIGURES_FILE, PROMISES_FILE, ShownFile, ShownValue
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.promises import Observation, record_observations
from platform_assets.monitoring.cost.meter import Meter
from platform_assets.monitoring.cost.online_use import OnlineDay, count_use
from platform_assets.monitoring.cost.runs import RunUse, keep_run, run_use
from platform_assets.monitoring.figures import figures
from platform_assets.monitoring.figures.history import keep_figures, past_figures
from platform_assets.monitoring.figures.measure import measure, shown_of
from platform_assets.monitoring.figures.shown import show_promises, write_shown
from platform_assets.monitoring.slas.endpoint import ProductSeen, Seen
from platform_assets.serving.telemetry.shown_files import ShownFiles
from platform_assets.settings import Settings
from tests.unit.serving.conftest import product_named

AT = dt.datetime(2026, 3, 2, 6, 15, tzinfo=dt.UTC)
CHURN = product_named("churn")


@dataclass(frozen=True)
class Proved:
    """A proof of parity."""

    proved_at: dt.datetime
    compared: int
    unexplained: int


@dataclass(frozen=True)
class Judged:
    """A comparison of inputs."""

    window: dt.date
    judged: int
    drift_rate: float | None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, fsync=False)


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    return open_ledger(settings.ledger_dsn)


def batch_of(seconds: float, *, rows: int = 1000) -> RunUse:
    meter = Meter(seconds=seconds, cpu_seconds=seconds, peak_memory_bytes=1e9)
    prices = Settings(home=Path("/")).costs
    return run_use(meter, prices, product="churn", mode="batch", run_id=f"{seconds}", at=AT, rows=rows)


def day(**counted: object) -> OnlineDay:
    return OnlineDay(day=AT.date(), **counted)  # type: ignore[arg-type]


def test_the_p95_of_a_day_lies_within_the_bucket_that_holds_it() -> None:
    within = {0.01: 90.0, 0.1: 100.0, 0.2: 100.0}
    assert figures.online_latency(day(answered=100.0, within=within)).value == pytest.approx(55.0)
    assert figures.online_latency(day(answered=100.0, within={0.01: 0.0, 2.5: 10.0})).value == 2500.0


@pytest.mark.parametrize(("count", "place"), [(1, 1), (19, 19), (20, 19), (21, 20), (100, 95)])
def test_the_p95_of_batches_is_the_duration_that_19_of_20_keep(count: int, place: int) -> None:
    runs = [batch_of(float(seconds)) for seconds in range(count, 0, -1)]
    assert figures.batch_latency(runs).value == place * 1000.0


def test_the_reused_share_and_parity_and_drift_are_shares_of_what_was_looked_at() -> None:
    assert figures.reused(day(looked_up=40.0, reused=10.0)).value == 0.25
    proofs = [Proved(AT, 1000, 3), Proved(AT, 0, 0)]  # the newest proof had nothing to compare
    assert figures.parity(proofs).value == pytest.approx(0.997)
    past = [Judged(AT.date(), 24, 0.25), Judged(AT.date(), 0, None)]
    assert figures.drift_rate(past, "online").value == 0.25


@pytest.mark.parametrize(
    "figure",
    [
        figures.online_latency(None),
        figures.batch_latency([]),
        figures.reused(day(answered=3.0)),
        figures.parity([]),
        figures.drift_rate([], "batch"),
        figures.batch_cost([], "EUR"),
    ],
)
def test_a_figure_that_nothing_was_measured_for_says_so_and_is_no_number(figure: figures.Figure) -> None:
    assert figure.value is None
    assert "yet" in figure.told


def served(settings: Settings, ledger: Ledger) -> None:
    """Leave what a day with an endpoint and a batch leaves."""
    keep_run(settings, batch_of(10.0))
    churn = ProductSeen(
        is_answering=True, predictions=200.0, answered=100.0, cpu_seconds=5.0, busy_seconds=4.0, score_seconds=2.0,
        looked_up=200.0, reused=50.0, within={0.05: 100.0},
    )  # fmt: skip
    count_use(ledger, "churn", Seen(at=AT, products={"churn": churn}, workers=1.0, memory_bytes=1e9))


def test_every_figure_of_both_modes_is_worked_out_kept_and_shown(settings: Settings, ledger: Ledger) -> None:
    served(settings, ledger)
    measured = measure(settings, ledger, CHURN, proofs=[Proved(AT, 1000, 1)], at=AT)
    found = {(one.name, one.mode): one.value for one in measured.figures}
    assert found["latency_p95", "online"] == pytest.approx(47.5)
    assert found["reused", "online"] == 0.25
    assert found["parity", "online"] == pytest.approx(0.999)
    assert found["drift_rate", "online"] is None
    assert found["cost_per_thousand", "online"] == pytest.approx(1000 * (5 * 0.04 + 4e9 / 2**30 * 0.005) / 3600 / 200)
    assert found["latency_p95", "batch"] == 10_000.0
    assert found["cost_per_thousand", "batch"] > 0.0  # type: ignore[operator]
    shown = {(one.name, one.labels) for one in shown_of(ledger, measured)}
    assert ("platform_parity_ratio", ("churn",)) in shown
    assert ("platform_cost_per_thousand_predictions", ("churn", "online", "EUR")) in shown
    assert not any(name == "platform_drifting_features_ratio" for name, _ in shown)


def test_the_history_has_one_row_per_figure_and_run(settings: Settings, ledger: Ledger) -> None:
    served(settings, ledger)
    measured = measure(settings, ledger, CHURN, proofs=[], at=AT)
    for run_id in ("one", "one", "two"):
        keep_figures(settings, measured, at=AT + dt.timedelta(days=run_id == "two"), run_id=run_id)
    past = past_figures(settings, "churn")
    assert [one.figure for one in past] == [*measured.figures, *measured.figures]
    assert past_figures(settings, "clv") == []


def test_the_state_of_promises_is_left_where_the_endpoint_reads_it(settings: Settings, ledger: Ledger) -> None:
    states = (("2026-03-01", "kept"), ("2026-03-02", "broken"), ("2026-03-03", "broken"))
    observations = [
        Observation(product="churn", promise="partition", subject=subject, state=state)  # type: ignore[arg-type]
        for subject, state in states
    ]
    record_observations(ledger, observations, AT)
    show_promises(settings, ledger, AT)
    read = {family.name: values for family, values in ShownFiles(settings.figures_dir).read()}
    assert read["platform_promises"] == {("churn", "partition", "broken"): 2.0, ("churn", "partition", "kept"): 1.0}
    assert read["platform_figures_written_timestamp_seconds"] == {("promises",): AT.timestamp()}


def test_a_file_is_replaced_as_a_whole(settings: Settings) -> None:
    for value in (1.0, 2.0):
        write_shown(settings, FIGURES_FILE, [ShownValue("platform_parity_ratio", ("churn",), value)], AT)
    found = msgspec.json.decode((settings.figures_dir / FIGURES_FILE).read_bytes(), type=ShownFile)
    assert [one.value for one in found.values] == [2.0]
    assert not (settings.figures_dir / PROMISES_FILE).exists()
