"""A rollback made to be killed: kills itself at the beginning of the step that it is told.

Run as `python rollback_victim.py <home> <online url> <release> <step>`.
"""

import datetime as dt
import os
import signal
import sys
from pathlib import Path

from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.registry.rollback import Crew, EndpointFollowed, Step, roll_back
from platform_assets.registry.rollback_target import Destination
from platform_assets.settings import Settings


def main(home: str, online_url: str, release: str, fatal: str) -> None:
    """Roll the product back, and end like a process that ran out of luck at one step."""

    def die_at(step: Step) -> None:
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = Settings(home=Path(home), redis_url=online_url, fsync=False)
    mandate = Mandate(by="victim", at=dt.datetime.now(dt.UTC), reason="it was wrong")
    crew = Crew(follow=lambda _: EndpointFollowed("silent"), run_id="victim", code_version="c" * 16, tell=die_at)
    wish = Destination(product="churn", release_id=release)
    roll_back(settings, open_ledger(settings.ledger_dsn), wish, mandate, crew)


if __name__ == "__main__":
    main(*sys.argv[1:])
