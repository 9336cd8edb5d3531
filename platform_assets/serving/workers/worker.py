"""`python -m platform_assets.serving.workers.worker NUMBER FD PARENT WORKERS`: one of several below a supervisor."""

import ctypes
import os
import signal
import socket
import sys
from dataclasses import replace

from platform_assets.serving.app import create_app
from platform_assets.serving.server import serve
from platform_assets.serving.workers.board import FileBoard, board_dir
from platform_assets.serving.workers.seat import Seat
from platform_assets.settings import Settings

_PR_SET_PDEATHSIG = 1


def main(number: str, descriptor: str, parent: str, workers: str) -> None:
    """Serve on an inherited socket until a signal, or until the supervisor is gone."""
    end_with_parent(int(parent))
    settings = replace(Settings.from_environment(), endpoint_workers=int(workers))
    board = FileBoard(board_dir(settings), f"worker-{number}")
    app = create_app(settings, seat=Seat(number=int(number), board=board, before=board.before()))
    serve(app, settings, listener=socket.socket(fileno=int(descriptor)))


def end_with_parent(parent: int) -> None:
    """End gracefully when the parent ends, however it ends; only Linux can promise it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the promise was made
            sys.exit(f"the supervisor {parent} of this worker has ended")


if __name__ == "__main__":
    main(*sys.argv[1:])
