"""How this package reaches Redis: bounded in time, and with one error when it is away."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from platform_assets.errors import OnlineStoreUnavailableError


def connect(url: str, *, timeout_s: float = 5.0) -> redis.Redis:
    """Return a client whose every command ends within about `timeout_s`; nothing is sent yet.

    A connection that the server closed is replaced once, at once; a command that timed out is never repeated.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def address(client: redis.Redis) -> str:
    """Return where a client connects to, without credentials."""
    options = client.connection_pool.connection_kwargs
    return f"{options.get('host', options.get('path', 'unknown'))}:{options.get('port', '')}".rstrip(":")


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Turn every error of the client into OnlineStoreUnavailableError with its reason."""
    try:
        yield
    except (RedisError, OSError, RuntimeError) as error:  # uvloop says RuntimeError of a transport that has closed
        raise OnlineStoreUnavailableError(url=url, reason=f"{type(error).__name__}: {error}") from error
