"""Alerts that stand for the platform as a whole: the endpoint is away, promises are broken, the watch is blind."""

from platform_assets.monitoring.dashboards.expressions import quantile
from platform_assets.monitoring.dashboards.rule_words import Alert, RuleGroup

JOB = "platform"
_WATCH_SILENT_S = 300
_FIGURES_OLD_S = 2 * 86_400
# Those that have an alert of their own.
_NOT_HERE = "rule_.*|sla_error_rate|sla_latency"

ENDPOINT = RuleGroup(
    "platform-endpoint",
    (
        Alert(
            alert="PlatformEndpointDown",
            expr=f'up{{job="{JOB}"}} == 0 or absent(up{{job="{JOB}"}})',
            severity="page",
            wait="2m",
            summary="An endpoint does not answer Prometheus",
            next_step="`platform status` on its machine, then its log: `platform logs endpoint`",
            page="operations.md",
        ),
        Alert(
            alert="PlatformRequestsRefused",
            expr="sum by (reason) (rate(platform_refused_requests_total[5m])) > 0",
            severity="ticket",
            wait="5m",
            summary="Requests are refused because there is too much to do",
            next_step="add workers (PLATFORM_ENDPOINT_WORKERS) or another endpoint behind the gateway",
            page="operations.md",
        ),
        Alert(
            alert="PlatformEventLoopLate",
            expr=f"{quantile(0.99, 'platform_event_loop_lag_seconds', '5m', '')} > 0.1",
            severity="ticket",
            wait="10m",
            summary="The endpoint does not get to its requests in time",
            next_step="look for another program that uses the processor, or add workers",
            page="operations.md",
        ),
        Alert(
            alert="PlatformDependencyAway",
            expr='sum by (dependency) (platform_circuit_breaker_state{state="open"}) > 0',
            severity="page",
            wait="1m",
            summary="The endpoint gave up on {{ $labels.dependency }} for now and answers with fallbacks",
            next_step="`platform doctor`",
            page="operations.md",
        ),
        Alert(
            alert="PlatformWorkersRestart",
            expr="increase(platform_worker_restarts_total[15m]) > 2",
            severity="ticket",
            summary="Workers of the endpoint end by themselves again and again",
            next_step="`platform logs endpoint`",
            page="operations.md",
        ),
    ),
)
PROMISES = RuleGroup(
    "platform-promises",
    (
        Alert(
            alert="PlatformPromiseBroken",
            expr=f'sum by (product, promise) (platform_promises{{state="broken",promise!~"{_NOT_HERE}"}}) > 0',
            severity="page",
            wait="2m",
            summary="{{ $labels.product }}: {{ $labels.promise }} is broken",
            next_step="`platform incidents list`, then `platform incidents show`",
            page="promises.md",
        ),
        Alert(
            alert="PlatformPromiseAtRisk",
            expr=f'sum by (product, promise) (platform_promises{{state="at_risk",promise!~"{_NOT_HERE}"}}) > 0',
            severity="ticket",
            wait="15m",
            summary="{{ $labels.product }}: {{ $labels.promise }} will be broken soon",
            next_step="`platform promises`",
            page="promises.md",
        ),
        Alert(
            alert="PlatformPromisesUnwatched",
            expr=f'time() - platform_figures_written_timestamp_seconds{{file="promises"}} > {_WATCH_SILENT_S}',
            severity="page",
            wait="2m",
            summary="Nobody looks at the promises: the sensor promises_watch has been silent for minutes",
            next_step="`platform status`: does Dagster's daemon run?",
            page="operations.md",
        ),
        Alert(
            alert="PlatformFiguresOld",
            expr=f'time() - platform_figures_written_timestamp_seconds{{file="figures"}} > {_FIGURES_OLD_S}',
            severity="ticket",
            summary="The figures of batches, costs, parity and drift are two days old",
            next_step="materialize the asset `figures`",
            page="metrics.md",
        ),
    ),
)
