"""What a running endpoint tells about itself: the state of its products, and counters that only grow.

The counters are those of /metrics, summed over the workers. Their names are the endpoint's; a test over a real one
holds them together.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from http import HTTPStatus

import msgspec

from platform_assets.access.own_keys import own_headers
from platform_assets.settings import Settings

_ANSWER_WITHIN_S = 5.0
_REQUESTS = "platform_product_request_seconds"
_ROLES = "platform_traffic_seconds"
_EVENTS = "platform_engine_events_total"
_GPU = "platform_gpu_memory_bytes"
_WORKERS, _MEMORY = "platform_workers", "platform_resident_memory_bytes"
_LOOKUPS = "platform_prediction_cache_lookups_total"
_ANSWERING = frozenset({"serving", "serving_previous"})


class Away(msgspec.Struct, frozen=True):
    """No endpoint answered, and why."""

    told: str


class RoleRequests(msgspec.Struct, frozen=True):
    """How many requests the releases of one role answered, and how many of them failed."""

    answers: float = 0.0
    failed: float = 0.0


class ProductSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The requests of one product since the endpoint began, and whether it answers; None: it is not asked for.

    `within` counts answered requests by the seconds that they took at most. Of `looked_up` rows of the cache `reused`
    needed no new score.
    """

    is_answering: bool | None = None
    answered: float = 0.0
    failed: float = 0.0
    within: dict[float, float] = {}
    roles: dict[str, RoleRequests] = {}
    out_of_memory: float = 0.0
    predictions: float = 0.0
    cpu_seconds: float = 0.0
    busy_seconds: float = 0.0
    score_seconds: float = 0.0
    looked_up: float = 0.0
    reused: float = 0.0

    def bound_within(self, milliseconds: float) -> float | None:
        """Return the largest counted bound in seconds up to a limit in ms: what is slower never counts as fast."""
        return max((bound for bound in self.within if bound * 1000.0 <= milliseconds), default=None)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint at one instant, by product."""

    at: dt.datetime
    products: dict[str, ProductSeen]
    has_gpu: bool = False
    gpus: float = 0.0
    workers: float = 0.0
    memory_bytes: float = 0.0

    def of(self, product: str) -> ProductSeen:
        """Return what was seen of a product, also of one that nobody has asked for yet."""
        return self.products.get(product, ProductSeen())


# How an endpoint is looked at.
Look = Callable[[Settings, dt.datetime], Seen | Away]


class Sample(msgspec.Struct, frozen=True):
    """One line of Prometheus' text: name, labels, value."""

    name: str
    labels: dict[str, str]
    value: float


class _Standing(msgspec.Struct):
    state: str


class _Health(msgspec.Struct):
    products: dict[str, _Standing]


def look_at_endpoint(settings: Settings, at: dt.datetime) -> Seen | Away:
    """Return what the endpoint of these settings tells within a few seconds; never raises for one that is away."""
    import httpx  # noqa: PLC0415 - only who looks needs a client

    url = f"http://127.0.0.1:{settings.endpoint_port}"
    try:
        # Without the proxies of the environment: one of them would answer for an endpoint on this machine.
        headers = own_headers(settings)
        with httpx.Client(base_url=url, timeout=_ANSWER_WITHIN_S, headers=headers, trust_env=False) as client:
            health, metrics = client.get("/health"), client.get("/metrics")
    except httpx.HTTPError as error:
        return Away(f"no endpoint answers at {url} ({type(error).__name__}: {error})")
    if metrics.status_code != HTTPStatus.OK:
        return Away(f"the endpoint answers {metrics.status_code} at {url}/metrics")
    try:
        states = msgspec.json.decode(health.content, type=_Health).products
        return seen_in(samples_of(metrics.text), {name: each.state for name, each in states.items()}, at)
    except (msgspec.DecodeError, ValueError) as error:
        return Away(f"what answers at {url} is no endpoint of the platform ({error})")


def samples_of(text: str) -> list[Sample]:
    """Return the samples of Prometheus' text; raises ValueError for what is none."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - as above

    families = text_string_to_metric_families(text)
    return [Sample(one.name, one.labels, one.value) for family in families for one in family.samples]


def seen_in(samples: Iterable[Sample], states: dict[str, str], at: dt.datetime) -> Seen:
    """Return what samples tell by product, with the state that each product is in."""
    by_product: dict[str, list[Sample]] = {name: [] for name in states}
    whole: defaultdict[str, float] = defaultdict(float)
    for sample in samples:
        whole[sample.name] += 1.0 if sample.name == _GPU else sample.value
        if product := sample.labels.get("product"):
            by_product.setdefault(product, []).append(sample)
    seen = {name: _product(of_it, states.get(name)) for name, of_it in by_product.items()}
    return Seen(
        at=at,
        products=seen,
        has_gpu=_GPU in whole,
        gpus=whole[_GPU],
        workers=whole[_WORKERS],
        memory_bytes=whole[_MEMORY],
    )


def _product(samples: list[Sample], state: str | None) -> ProductSeen:
    buckets = _matching(samples, f"{_REQUESTS}_bucket", outcome="answered")
    return ProductSeen(
        is_answering=None if state in {None, "batch_only"} else state in _ANSWERING,
        answered=_total(samples, f"{_REQUESTS}_count", outcome="answered"),
        failed=_total(samples, f"{_REQUESTS}_count", outcome="failed"),
        within={float(one.labels["le"]): one.value for one in buckets if one.labels["le"] != "+Inf"},
        roles={role: _role(samples, role) for role in _roles(samples)},
        out_of_memory=_total(samples, _EVENTS, kind="out_of_memory"),
        predictions=_total(samples, "platform_predictions_total"),
        cpu_seconds=_total(samples, "platform_product_cpu_seconds_total"),
        busy_seconds=_total(samples, "platform_product_busy_seconds_total"),
        score_seconds=_total(samples, "platform_stage_seconds_sum", stage="score"),
        looked_up=_total(samples, _LOOKUPS, tier="process"),
        reused=sum(_total(samples, _LOOKUPS, result=result) for result in ("hit", "shared")),
    )


def _roles(samples: list[Sample]) -> list[str]:
    return sorted({one.labels["role"] for one in samples if one.name == f"{_ROLES}_count"})


def _role(samples: list[Sample], role: str) -> RoleRequests:
    failed = _total(samples, f"{_ROLES}_count", role=role, outcome="failed")
    return RoleRequests(_total(samples, f"{_ROLES}_count", role=role), failed)


def _total(samples: list[Sample], name: str, **labels: str) -> float:
    return sum(one.value for one in _matching(samples, name, **labels))


def _matching(samples: list[Sample], name: str, **labels: str) -> list[Sample]:
    return [one for one in samples if one.name == name and labels.items() <= one.labels.items()]
