"""The dashboard of the endpoint as a program: how full it is, what it uses, what it depends on."""

from platform_assets.monitoring.dashboards.expressions import quantile, rate
from platform_assets.monitoring.dashboards.overview_board import OVER
from platform_assets.monitoring.dashboards.panels import Dashboard, Panel, Query, Row

_SATURATION = (
    Panel(
        title="Being answered",
        queries=(
            Query("sum(platform_requests_in_flight)", "requests"),
            Query("sum(platform_rows_in_flight)", "rows"),
            Query("sum(platform_requests_queued)", "waiting"),
        ),
        told="Requests and rows in hand, and predictions that wait for their turn.",
        width=8,
    ),
    Panel(
        title="Refused per second",
        queries=(Query(rate("platform_refused_requests_total", OVER, "reason"), "{{reason}}"),),
        told="Refused because there was too much to do.",
        width=8,
    ),
    Panel(
        title="Event loop lag",
        queries=tuple(
            Query(quantile(share, "platform_event_loop_lag_seconds", OVER, ""), f"p{share * 100:g}")
            for share in (0.5, 0.99)
        ),
        told="How late the loop comes back to a timer: what every request waits besides its own work.",
        unit="s",
        width=8,
    ),
    Panel(
        title="Requests per second",
        queries=(Query(rate("platform_request_seconds_count", OVER, "route, status"), "{{route}} {{status}}"),),
        told="All routes, by status.",
        unit="reqps",
    ),
    Panel(
        title="Latency by route",
        queries=(Query(quantile(0.99, "platform_request_seconds", OVER, "route"), "{{route}}"),),
        told="99th percentile of each route.",
        unit="s",
    ),
)
_MACHINE = (
    Panel(
        title="Processor",
        queries=(
            Query(f"sum(rate(platform_process_cpu_seconds_total[{OVER}]))", "all workers"),
            Query(rate("platform_product_cpu_seconds_total", OVER), "{{product}}"),
        ),
        told="Cores in use, and what part of them each product keeps busy.",
        width=8,
    ),
    Panel(
        title="Memory",
        queries=(Query("sum by (worker) (platform_resident_memory_bytes)", "worker {{worker}}"),),
        told="Resident memory of each worker.",
        unit="bytes",
        width=8,
    ),
    Panel(
        title="Open files",
        queries=(Query("sum by (worker) (platform_open_files)", "worker {{worker}}"),),
        told="Open file descriptors of each worker.",
        width=8,
    ),
    Panel(
        title="Workers",
        queries=(
            Query("sum(platform_workers)", "workers"),
            Query("sum(increase(platform_worker_restarts_total[1h]))", "restarts in an hour"),
        ),
        told="Processes that answer, and how many had to be started again.",
        width=8,
    ),
    Panel(
        title="GPU",
        queries=(
            Query("platform_gpu_utilisation_ratio", "GPU {{gpu}} busy"),
            Query("1 - avg_over_time(platform_gpu_utilisation_ratio[1h])", "GPU {{gpu}} idle over an hour"),
            Query("platform_gpu_memory_used_bytes / platform_gpu_memory_bytes", "GPU {{gpu}} memory"),
        ),
        told="Empty without a GPU. Busy above 80 % and idle below 20 % is what one is bought for.",
        unit="percentunit",
        width=8,
    ),
    Panel(
        title="Engines",
        queries=(Query(rate("platform_engine_events_total", OVER, "product, kind"), "{{product}} {{kind}}"),),
        told="What happened to engines: among them those that found no memory on the GPU.",
        width=8,
    ),
)
_DEPENDENCIES = (
    Panel(
        title="Circuit breakers",
        queries=(Query("sum by (dependency, state) (platform_circuit_breaker_state) > 0"),),
        told="Workers by the state of their breakers; open: the dependency is left alone for a while.",
        kind="table",
    ),
    Panel(
        title="Not written",
        queries=(
            Query(f"sum(rate(platform_metrics_unwritten_total[{OVER}]))", "counts"),
            Query(rate("platform_shadow_dropped_total", OVER), "{{product}} copies"),
        ),
        told="Counts that could not be told to the other workers, and copies that a shadow did not get.",
    ),
)
ENDPOINT_BOARD = Dashboard(
    uid="platform-endpoint",
    title="Platform: endpoint",
    told="The endpoint as a program: saturation, processor, memory, GPU and what it depends on.",
    rows=(Row("Saturation", _SATURATION), Row("Machine", _MACHINE), Row("Dependencies", _DEPENDENCIES)),
)
