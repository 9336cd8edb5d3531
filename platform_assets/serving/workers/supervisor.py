"""Keeps a number of workers alive: starts them, starts again what ended, passes signals on and waits for their end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from platform_assets.serving.telemetry.metric_families import RESTARTS
from platform_assets.serving.telemetry.tallies import Tallies, count
from platform_assets.serving.workers.board import FileBoard, board_dir, clear_board
from platform_assets.serving.workers.listeners import open_listener, open_listeners
from platform_assets.serving.workers.restarts import Backoff
from platform_assets.settings import Settings

STOP_SECONDS = 18.0  # to answer what is in flight and to flush the log; `make down` waits a little longer
_POLL_S = 0.05
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True)
class _Place:
    """One worker after the other, on the same socket and with the same number."""

    number: int
    listener: socket.socket | None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    backoff: Backoff = field(default_factory=Backoff)


class Supervisor:
    """Runs the workers of one endpoint; it answers no request itself."""

    def __init__(self, settings: Settings, number: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the port; raises PortTakenError."""
        self._settings = settings
        self._monotonic = monotonic
        self._places = [
            _Place(position, listener)
            for position, listener in enumerate(open_listeners(settings.endpoint_port, number))
        ]
        clear_board(board_dir(settings))
        self._board = FileBoard(board_dir(settings), "supervisor")
        self._tallies = Tallies.empty("supervisor")
        self._is_stopping = False

    def run(self) -> None:
        """Keep the workers alive until SIGTERM or SIGINT; return when all have ended, after STOP_SECONDS at most."""
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        while not self._is_stopping:
            for place in self._places:
                self._attend(place)
            time.sleep(_POLL_S)
        self._end()

    def _stop(self, *_: object) -> None:
        self._is_stopping = True

    def _attend(self, place: _Place) -> None:
        now = self._monotonic()
        if place.process is not None and place.process.poll() is not None:
            self._bury(place, place.process.returncode, now)
        if place.process is None and now >= place.due_at:
            self._start(place, now)

    def _start(self, place: _Place, now: float) -> None:
        if place.listener is None:
            place.listener = open_listener(self._settings.endpoint_port)
        descriptor = place.listener.fileno()
        place.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "platform_assets.serving.workers.worker",
                *map(str, (place.number, descriptor, os.getpid(), len(self._places))),
            ],
            pass_fds=(descriptor,),
        )
        place.started_at = now

    def _bury(self, place: _Place, code: int, now: float) -> None:
        """Note the end of a worker. Its socket, and who waits there, is kept for the next one, which comes soon.

        One that keeps ending loses it, so that the system sends its share of the connections to the others.
        """
        delay = place.backoff.after_life_of(now - place.started_at)
        place.process, place.due_at = None, now + delay
        if place.backoff.is_failing and place.listener is not None:
            place.listener.close()
            place.listener = None
        self._say(f"worker {place.number} ended ({code}), the next one starts in {delay:g} s")
        count(self._tallies.counters[RESTARTS.name], ())
        try:
            self._board.tell(self._tallies)
        except OSError as error:
            self._say(f"the restart could not be counted: {error}")

    def _end(self) -> None:
        """Take no connection any more, let every worker finish, and end by force what does not."""
        for place in self._places:
            if place.listener is not None:
                place.listener.close()
        living = [place.process for place in self._places if place.process is not None]
        for process in living:
            process.send_signal(signal.SIGTERM)
        deadline = self._monotonic() + STOP_SECONDS
        for process in living:
            try:
                process.wait(max(deadline - self._monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                self._say(f"process {process.pid} did not end within {STOP_SECONDS:g} s and is killed")
                process.kill()
                process.wait()

    def _say(self, text: str) -> None:
        sys.stderr.write(f"endpoint supervisor: {text}\n")
        sys.stderr.flush()
