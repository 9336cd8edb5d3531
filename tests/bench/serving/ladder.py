"""`python -m tests.bench.serving.ladder`: what a request costs, one step of its way added at a time.

Everything runs in this process over connections in memory: CPU time of all threads, without the kernel's part of a
socket, which every server pays alike. The steps take turns, so that a machine that others use slows all of them down;
ratios to the trivial handler are medians over the turns.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from platform_assets.online.log_writer import LogWriter
from platform_assets.serving.asgi import build_app
from platform_assets.serving.quick.desk import Desk
from platform_assets.serving.quick.protocol import QuickProtocol
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.bench.serving.home import empty_log, online_store, publish_release
from tests.bench.serving.ladder_steps import STEPS, Forgetful, TheLongWay, UpTo, endpoint_parts
from tests.bench.serving.model import BenchModel, bench_model
from tests.bench.serving.peers.serve_trivial import app as trivial_app
from tests.bench.serving.wire import MARK, Form, bodies, checked_body

_MICRO = 1e6


class Memory(asyncio.Transport):
    """A connection that counts the answers written to it."""

    answers = 0

    def write(self, data: Any) -> None:  # noqa: ANN401 - any bytes
        """Count what begins an answer: the app writes head and body apart."""
        self.answers += bytes(data[:9]) == b"HTTP/1.1 "

    def is_closing(self) -> bool:
        """Stay open."""
        return False

    def close(self) -> None:
        """Stay open."""

    def resume_reading(self) -> None:
        """Go on."""

    def pause_reading(self) -> None:
        """Go on."""


class Rung:
    """One way to answer, over connections that all ask at once; no row is ever asked about twice."""

    def __init__(self, name: str, app: Any, requests: Iterator[bytes], connections: int, desk: Desk | None) -> None:  # noqa: ANN401 - any ASGI app
        """Open the connections; without a desk the protocol is uvicorn's own."""
        self.name = name
        self._requests = requests
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, proxy_headers=False)
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Sat, 01 Jan 2000 00:00:00 GMT")]
        self._open: list[tuple[HttpToolsProtocol, Memory]] = []
        for _ in range(connections):
            made = QuickProtocol(config, state, {}, desk=desk) if desk else HttpToolsProtocol(config, state, {})
            self._open.append((made, Memory()))
            made.connection_made(self._open[-1][1])

    async def cpu_us(self, requests: int) -> float:
        """Return the CPU microseconds that one of so many requests takes."""
        turns = [[next(self._requests) for _ in self._open] for _ in range(max(1, requests // len(self._open)))]
        started = time.process_time()
        for turn in turns:
            for (protocol, memory), request in zip(self._open, turn, strict=True):
                memory.answers = 0
                protocol.data_received(request)
            while not all(memory.answers for _, memory in self._open):  # noqa: ASYNC110 - an event would be measured, too
                await asyncio.sleep(0)
        return (time.process_time() - started) / (len(turns) * len(self._open)) * _MICRO


def requests_of(form: Form, path: str, rows: int, model: BenchModel) -> Iterator[bytes]:
    """Yield whole requests without end."""
    for number, body in enumerate(cycle(bodies(form, "rows", rows, model))):
        content = body.replace(MARK, f"{number % 1_000_000:06d}").encode()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        yield head.encode() + b"Content-Length: %d\r\n\r\n" % len(content) + content


async def open_rungs(home: Path, writer: LogWriter, model: BenchModel, rows: int, connections: int) -> list[Rung]:
    """Return the rungs from the bottom to the top; the trivial handler is the first."""
    trivial = requests_of("instances", "/predict", rows, model)
    made = [Rung("trivial Starlette handler", trivial_app, trivial, connections, None)]
    first = checked_body("ours", rows, model).encode()
    parts, logging = await endpoint_parts(home, Forgetful(), first), await endpoint_parts(home, writer, first)
    app, heart = build_app(parts), parts.heart
    desks: list[tuple[str, Desk]] = [(name, UpTo(heart, step)) for step, name in enumerate(STEPS)]
    desks += [
        ("+ access, counts, stage times: the desk", Desk(heart)),
        ("the long way: every call to the app", TheLongWay(heart)),
    ]
    asked = requests_of("ours", "/v1/predict", rows, model)
    made += [Rung(name, app, asked, connections, desk) for name, desk in desks]
    made.append(Rung("the desk and the log thread", build_app(logging), asked, connections, Desk(logging.heart)))
    return made


async def climb(rungs: list[Rung], requests: int, turns: int) -> None:
    """Measure every rung in turn, and print the medians."""
    taken = [[await rung.cpu_us(requests) for rung in rungs] for _ in range(turns + 1)][1:]
    before = 0.0
    print("| step | CPU us | ratio to the trivial handler | added |\n| --- | ---: | ---: | ---: |")
    for at, rung in enumerate(rungs):
        ratio = statistics.median(turn[at] / turn[0] for turn in taken)
        print(f"| {rung.name} | {min(turn[at] for turn in taken):.0f} | {ratio:.2f} | {ratio - before:+.2f} |")
        before = ratio


def main() -> None:
    """Print one ladder for each size of a request and number of connections."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.serving.ladder", description=__doc__)
    parser.add_argument("--work", type=Path, default=PROJECT_ROOT / ".platform" / "bench", help="model and home")
    parser.add_argument("--turns", type=int, default=15)
    asked = parser.parse_args()
    work = Path(asked.work).resolve()
    model, home = bench_model(work), work / "home"
    publish_release(home, model)
    with online_store(home, model) as (settings, _):
        for rows, connections, requests in ((1, 16, 1600), (1, 1, 400), (100, 16, 64)):
            print(f"\n{rows} row(s) a request, {connections} connection(s) at once\n")
            uvloop.run(_ladder(home, settings, model, (rows, connections, requests, asked.turns)))


async def _ladder(home: Path, settings: Settings, model: BenchModel, plan: tuple[int, int, int, int]) -> None:
    rows, connections, requests, turns = plan
    writer = LogWriter(settings.online_url, settings.spool_dir, fsync=False)
    try:
        await climb(await open_rungs(home, writer, model, rows, connections), requests, turns)
    finally:
        writer.close()
        empty_log(settings)


if __name__ == "__main__":
    main()
