"""A declared consumer that reads without the endpoint: decided by the same policy, told in the same log."""

import datetime as dt
from collections.abc import Sequence

from platform_assets.access.caller import Asked
from platform_assets.access.grants import Grant
from platform_assets.access.log_blocks import Access
from platform_assets.access.log_chain import Chain
from platform_assets.access.log_files import LogFiles
from platform_assets.access.policy import Policy, Question
from platform_assets.access.words import consumer_actor
from platform_assets.errors import AccessDeniedError
from platform_assets.settings import Settings

_CHAIN = "commands"


def admit_consumer(  # noqa: PLR0913 - each word of the question, and who asks it how
    settings: Settings,
    grants: Sequence[Grant],
    consumer: str,
    purpose: str,
    asked: Asked,
    *,
    by: str,
    at: dt.datetime,
    request_id: str,
) -> None:
    """Return where a consumer may have something for a purpose; the access is on disk before, allowed or denied.

    Raises AccessDeniedError, and OSError when the log cannot be written: what cannot be accounted for is not read.
    """
    if asked.action is None:
        raise AssertionError  # nobody asks a command for nothing
    actor = consumer_actor(consumer)
    question = Question((actor,), asked.output, asked.version, purpose, asked.action)
    decision = Policy(grants).decide(question)
    access = Access(
        at,
        actor,
        f"login {by}",
        asked.action,
        asked.output,
        asked.version,
        purpose,
        decision.is_allowed,
        decision.why,
        request_id,
    )
    Chain(LogFiles.of(settings), _CHAIN).append([access])
    if not decision.is_allowed:
        raise AccessDeniedError(subject=actor, output=asked.output, why=decision.why)
