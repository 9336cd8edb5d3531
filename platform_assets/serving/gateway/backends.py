"""Where the endpoints are that a gateway spreads its requests over, and how it chooses between them."""

import argparse
import re
from typing import Literal, NamedTuple, Self

Policy = Literal["round_robin", "least_connections"]

_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?):(?P<port>[0-9]{1,5})")
_LARGEST_PORT = 65_535


class Backend(NamedTuple):
    """One endpoint: a host name or an IPv4 address, and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the endpoint that an argument names; raises ArgumentTypeError for what is no `host:port`."""
        found = _ADDRESS.fullmatch(text)
        if found is None:
            problem = f"{text!r} is no host:port"
            raise argparse.ArgumentTypeError(problem)
        return cls(found["host"], read_port(found["port"]))


def read_port(text: str) -> int:
    """Return the port that an argument names; raises ArgumentTypeError."""
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= _LARGEST_PORT:
        problem = f"{text!r} is no port from 1 to {_LARGEST_PORT}"
        raise argparse.ArgumentTypeError(problem)
    return int(text)
