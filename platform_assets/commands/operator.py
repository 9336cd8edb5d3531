"""What every command of an operator asks for: who does it and why; and as which run it is recorded."""

import os
import pwd
import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.clock import wall_now
from platform_assets.code_version import code_version
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import datetime as dt

    from platform_assets.ledger.decisions import Mandate
    from platform_assets.ledger.run_facts import RunFacts


def _require_words(reason: str) -> str:
    if not reason.strip():
        problem = "say why, it is recorded"
        raise typer.BadParameter(problem)
    return reason.strip()


ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is recorded.", callback=_require_words)]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who; the default is PLATFORM_ACTOR, else the login name. It is recorded.")
]


def mandate_of(settings: Settings, by: str | None, reason: str) -> "Mandate":
    """Return who acts, now and why."""
    from platform_assets.ledger.decisions import Mandate

    return Mandate(by=actor_named(settings, by), at=wall_now(), reason=reason)


def actor_named(settings: Settings, by: str | None) -> str:
    """Return the name that is recorded: the one given, else of the settings, else the login name."""
    return (by or "").strip() or settings.actor or _login_name()


def command_run(at: "dt.datetime") -> "RunFacts":
    """Return a run of its own for a command that changes something."""
    from platform_assets.ledger.run_facts import RunFacts

    return RunFacts(run_id=f"command-{uuid.uuid4().hex[:12]}", at=at, code_version=code_version())


def _login_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a number without a name
        return f"uid {os.getuid()}"
