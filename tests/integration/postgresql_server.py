"""A real PostgreSQL server of a test's own, which can be stopped and started again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import free_port

PROGRAMS_ARE_HERE = shutil.which("initdb") is not None and shutil.which("postgres") is not None
# The server refuses to run as root.
OWNER = "nobody" if os.geteuid() == 0 else None


@dataclass
class PostgresqlServer:
    """A server with its data in `home`; `dsn` is the same after a restart."""

    home: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def dsn(self) -> str:
        return f"postgresql+psycopg://ledger@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Make an empty database."""
        subprocess.run(
            ["initdb", "-D", str(self.home / "data"), "-U", "ledger", "--auth=trust", "--no-sync"],  # noqa: S607 - found on the path
            check=True,
            user=OWNER,
            cwd=self.home,
            capture_output=True,
        )

    def start(self) -> None:
        """Start and return when it answers."""
        listen = ["-c", "listen_addresses=127.0.0.1", "-k", str(self.home), "-F"]
        options = ["-D", str(self.home / "data"), "-p", str(self.port), *listen]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["postgres", *options],  # noqa: S607 - found on the path
                user=OWNER,
                cwd=self.home,
                stdout=log,
                stderr=log,
            )
        ready = ["pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        while self.process.poll() is None and subprocess.run(ready, check=False, capture_output=True).returncode != 0:
            pass

    def stop(self) -> None:
        """Stop it, as its operator would; whoever is connected is cut off."""
        if self.process is not None:
            self.process.send_signal(2)  # SIGINT: fast, without waiting for clients
            self.process.wait()
            self.process = None


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """Run a new server until the block ends."""
    # Not below tmp_path: another user than ours must reach it.
    home = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
    if OWNER:
        shutil.chown(home, OWNER)
    server = PostgresqlServer(home)
    server.create()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)
