"""What HAProxy is told: a pure function from the endpoints behind a gateway to its configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from platform_assets.serving.gateway.backends import Backend, Policy
from platform_assets.serving.wire_problem import MEDIA_TYPE, Problem

HOST = "127.0.0.1"
METRICS_PATH = "/gateway/metrics"
MAX_CONNECTIONS = 4096
DRAIN_SECONDS = 15  # what is in flight at the end has this long

_ALGORITHMS: dict[Policy, str] = {"round_robin": "roundrobin", "least_connections": "leastconn"}
_ID = "%[var(txn.request_id)]"
# What the gateway itself may have to say: status, code, what is wrong with the remedy, and whether a repeat may help.
_PROBLEMS = (
    (502, "backend_broke_off", "the endpoint that had this request ended before it answered: send it again", True),
    (503, "no_backend", "no endpoint behind the gateway is ready: start one, then send it again", True),
    (504, "backend_too_slow", "the endpoint that had this request did not answer in time: send it again later", True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPlan:
    """One gateway on this machine: its port, the endpoints behind it and how it chooses between them.

    `max_connections` is how many callers it serves at once; each may cost a connection to an endpoint besides.
    """

    port: int
    backends: Sequence[Backend]
    policy: Policy
    max_connections: int = MAX_CONNECTIONS


def configuration(plan: GatewayPlan) -> str:
    """Return the configuration.

    Each request takes a connection of its own to an endpoint. So a connection that cannot be made is a request that
    was not sent: that alone is tried again, on another endpoint. Nothing is ever sent twice.
    """
    return "\n".join([*_process(plan), *_frontend(plan), *_backend(plan), ""])


def _process(plan: GatewayPlan) -> Iterator[str]:
    yield "global"
    yield f"    maxconn {plan.max_connections}"
    yield "    noreuseport"  # a second gateway on the port fails instead of taking half of the connections
    yield f"    hard-stop-after {DRAIN_SECONDS}s"
    yield "defaults"
    yield "    mode http"
    yield "    option http-server-close"
    yield "    retry-on conn-failure"
    yield "    retries 3"
    yield "    option redispatch 1"
    yield "    timeout connect 2s"
    yield "    timeout queue 5s"
    yield "    timeout http-request 10s"
    yield "    timeout http-keep-alive 75s"
    yield "    timeout client 75s"
    yield "    timeout server 75s"


def _frontend(plan: GatewayPlan) -> Iterator[str]:
    yield "frontend gateway"
    yield f"    bind {HOST}:{plan.port}"
    yield f"    http-request use-service prometheus-exporter if {{ path {METRICS_PATH} }}"
    yield "    http-request set-var(txn.request_id) req.hdr(X-Request-Id)"
    yield "    http-request set-var(txn.request_id) uuid() unless { var(txn.request_id) -m len gt 0 }"
    yield f"    http-request set-header X-Request-Id {_ID}"
    for status, code, detail, retryable in _PROBLEMS:
        body = _problem(status, code, detail, retryable=retryable)
        headers = f"hdr Retry-After 1 hdr X-Request-Id {_ID}"
        yield f"    http-error status {status} content-type {MEDIA_TYPE} lf-string '{body}' {headers}"
    yield "    default_backend endpoints"


def _backend(plan: GatewayPlan) -> Iterator[str]:
    yield "backend endpoints"
    yield f"    balance {_ALGORITHMS[plan.policy]}"
    yield "    option httpchk"
    yield "    http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host gateway"
    yield "    http-check expect status 200"
    yield "    timeout check 2s"  # one that is busy answers late and stays in
    # Whoever finds an endpoint dead makes the gateway look at once, and is answered by another one.
    looks = "check inter 1s fastinter 200ms downinter 500ms rise 1 fall 2"
    yield f"    default-server {looks} observe layer4 error-limit 1 on-error fastinter"
    for number, backend in enumerate(plan.backends, start=1):
        yield f"    server endpoint_{number} {backend.host}:{backend.port}"


def _problem(status: int, code: str, detail: str, *, retryable: bool) -> str:
    problem = Problem(
        type=f"urn:platform:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        detail=f"{detail}.",
        request_id="%[var(txn.request_id),json(utf8s)]",
        retryable=retryable,
    )
    return msgspec.json.encode(problem).decode()
