"""Who produced something, when and from which code: what every record of the ledger names."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run, its wall time in UTC and the version of its code."""

    run_id: str
    at: dt.datetime
    code_version: str
