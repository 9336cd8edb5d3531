"""Days of batches to publish, each followed by a corrected one, and the process that publishes one of them.

The process is forked from a server that has imported everything and used nothing, so that it begins in milliseconds.
"""

import contextlib
import datetime as dt
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from platform_assets.batch.consumers import follow_publication
from platform_assets.batch.flow import release_to_score, run_batch
from platform_assets.batch.publication import BatchRun
from platform_assets.contract.product import Product
from platform_assets.errors import PlatformError
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings
from tests.faults.interrupted_writes import interrupted
from tests.unit.batch.batch_home import WALL, BatchHome, make_home
from tests.unit.features.feature_samples import write_build

FIRST_DAY = dt.datetime(2010, 1, 1, tzinfo=dt.UTC)
NAMES = tuple(f"c{number}" for number in range(200))
_DAY = dt.timedelta(days=1)
_IMPORTED_LATE = ("deltalake", "duckdb", "pyarrow.dataset", "pyarrow.parquet", "sqlalchemy.dialects.sqlite.pysqlite")
Step = Literal["begun", "published", "followed", "refused"]


class Order(NamedTuple):
    """One batch to publish; a batch of an odd number is the correction of the one before it."""

    settings: Settings
    product: Product
    number: int

    @property
    def as_of(self) -> dt.datetime:
        return FIRST_DAY + (self.number // 2) * _DAY


class Told(NamedTuple):
    """What a process told: the digest that it published, the CPU time that it took, or why it was refused."""

    step: Step
    detail: str = ""
    is_new: bool = False


@dataclass(frozen=True)
class DailyBatches:
    """A platform whose batches are as many as are asked for; the values of a batch are made before its first try."""

    home: BatchHome

    @classmethod
    def make(cls, root: Path, store: Settings) -> "DailyBatches":
        """Return a home of two hundred customers; every write in it is forced to disk."""
        made = make_home(root, settings=store)
        orders = [{"order_id": f"o-{name}", "customer_id": name, "ordered_at": FIRST_DAY - _DAY} for name in NAMES]
        write_build(made.settings.staging_dir / "orders.parquet", orders)
        return cls(replace(made, settings=replace(made.settings, fsync=True)))

    def order(self, number: int) -> Order:
        return Order(self.home.settings, self.home.product, number)

    def prepare(self, number: int) -> Order:
        """Let the values of a batch be known: other ones for every customer, and the same ones over all of them."""
        order = self.order(number)
        event_at = order.as_of - _DAY
        values = np.random.default_rng(number).permutation(np.linspace(-2.0, 2.0, len(NAMES))).tolist()
        known_at = event_at if number % 2 == 0 else event_at + _DAY / 2
        self.home.write_features(dict(zip(NAMES, values, strict=True)), day=event_at, known_at=known_at)
        return order

    def start(self, work: Callable[..., None], order: Order, *more: object) -> tuple[ForkServerProcess, Connection]:
        """Begin some work in a process of its own; return that and what it tells."""
        context = nursery()
        heard, out = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(order, out, *more))
        process.start()
        out.close()
        return process, heard


def all_told(heard: Connection) -> Iterator[Told]:
    """Yield what a process tells until it ends."""
    with contextlib.suppress(EOFError):
        while True:
            yield heard.recv()


def publish(order: Order, out: Connection, die_at: int = 0) -> None:
    """Publish one batch as a run does and bring its consumers in line; with `die_at`, be killed at that write."""
    out.send(Told("begun"))
    with interrupted(die_at, lambda: os.kill(os.getpid(), signal.SIGKILL)):
        try:
            _publish(order, out)
        except PlatformError as error:
            out.send(Told("refused", f"{type(error).__name__}: {error}"))


def publish_at_once(order: Order, out: Connection, gate: Barrier) -> None:
    """Publish one batch, beginning at the moment when all others begin as well."""
    gate.wait()
    publish(order, out)


def nursery() -> ForkServerContext:
    """Return the context whose processes have this module imported when they begin."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *_IMPORTED_LATE])
    return context


def _publish(order: Order, out: Connection) -> None:
    settings, product, number = order
    ledger = open_ledger(settings.ledger_dsn)
    facts = RunFacts(
        run_id=f"run-{number}-{os.getpid()}", at=WALL + dt.timedelta(seconds=number), code_version="c" * 16
    )
    run = BatchRun(product, order.as_of, release_to_score(settings, product, 1), facts)
    outcome = run_batch(settings, ledger, run)
    if outcome.published is None:
        raise outcome.refusal()
    out.send(Told("published", outcome.published.record.digest, outcome.published.is_new))
    problem = follow_publication(settings, ledger, product, at=facts.at).online_problem
    out.send(Told("followed", f"{time.thread_time():.4f}") if problem is None else Told("refused", problem))
