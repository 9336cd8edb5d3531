"""Every metric at /metrics: its name, its labels, what it tells. Labels are closed sets, never what a caller sends."""

from typing import Literal, NamedTuple

from platform_assets.contract.latency_bounds import SECONDS

Over = Literal["sum", "max", "worker"]  # how the gauges of several workers become one: `worker` keeps them apart


# Scores: tenths of a probability with more at its ends, then amounts and quantities in steps of 1, 2 and 5.
SCORE_BOUNDS = (
    *(0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0),
    *(2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0, 20000.0, 50000.0),
)


class Family(NamedTuple):
    """One metric. Counters are named without `_total`, which the exposition adds; `bounds` are those of a histogram."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    over: Over = "sum"
    bounds: tuple[float, ...] = SECONDS


REQUESTS = Family("platform_request_seconds", "Duration of HTTP requests.", ("route", "status"))
PRODUCT_REQUESTS = Family(
    "platform_product_request_seconds",
    "Duration of HTTP requests for predictions of a product; failed: answered with a status of 500 or above.",
    ("product", "outcome"),
)
STAGES = Family("platform_stage_seconds", "Duration of the parts of a prediction.", ("product", "stage"))
LOOP_LAG = Family("platform_event_loop_lag_seconds", "How late the event loop came back to a timer.")
ROLES = Family(
    "platform_traffic_seconds",
    "Duration of answers by the role of their release while several answer, and of copies for a shadow.",
    ("product", "role", "outcome"),
)
SCORES = Family("platform_score", "Scores given, in the unit of the product.", ("product",), bounds=SCORE_BOUNDS)
HISTOGRAMS = (REQUESTS, PRODUCT_REQUESTS, STAGES, LOOP_LAG, ROLES, SCORES)

PREDICTIONS = Family(
    "platform_predictions", "Predictions answered, by the fallback that gave them.", ("product", "release", "fallback")
)
REASONS = Family(
    "platform_degraded_predictions",
    "Predictions that were degraded or came from a fallback, by reason.",
    ("product", "reason"),
)
LABELS = Family("platform_predicted_labels", "Predictions by the label that was given.", ("product", "label"))
CACHE_LOOKUPS = Family(
    "platform_prediction_cache_lookups",
    "Rows looked up in the prediction cache, by tier and result.",
    ("product", "tier", "result"),
)
ENGINE_CALLS = Family("platform_engine_calls", "Calls of a scoring engine.", ("product", "engine"))
ENGINE_ROWS = Family(
    "platform_engine_rows", "Rows scored; by platform_engine_calls it is the mean batch size.", ("product", "engine")
)
ENGINE_REQUESTS = Family(
    "platform_engine_requests",
    "Requests whose rows were scored; by platform_engine_calls it is the mean number of requests in a batch.",
    ("product", "engine"),
)
ENGINE_EVENTS = Family("platform_engine_events", "What happened to engines, by kind.", ("product", "kind"))
REFUSALS = Family("platform_refused_requests", "Requests refused because there was too much to do.", ("reason",))
DROPPED_COPIES = Family(
    "platform_shadow_dropped", "Calls that were not copied to a shadow because there was too much to do.", ("product",)
)
CPU_SECONDS = Family("platform_process_cpu_seconds", "Processor time used by all workers.")
BUSY_SECONDS = Family(
    "platform_product_busy_seconds",
    "Time that workers were kept by the calls of a product, waits left out.",
    ("product",),
)
PRODUCT_CPU = Family(
    "platform_product_cpu_seconds",
    "Processor time of the workers by the product that they were busy for; nobody's where they were not.",
    ("product",),
)
RESTARTS = Family("platform_worker_restarts", "Workers started again after they had ended by themselves.")
UNWRITTEN = Family("platform_metrics_unwritten", "Times that a worker could not tell its siblings its counts.")
COUNTERS = (
    *(PREDICTIONS, REASONS, LABELS, CACHE_LOOKUPS, ENGINE_CALLS, ENGINE_ROWS, ENGINE_REQUESTS),
    *(ENGINE_EVENTS, REFUSALS, DROPPED_COPIES, CPU_SECONDS, BUSY_SECONDS, PRODUCT_CPU, RESTARTS, UNWRITTEN),
)

RELEASES = Family(
    "platform_release_serving",
    "1 for the release that answers, with the state of its product.",
    ("product", "release", "model_version", "state"),
    over="max",
)
BREAKERS = Family(
    "platform_circuit_breaker_state", "Workers whose breaker is in this state.", ("dependency", "state"), over="sum"
)
IN_FLIGHT = Family("platform_requests_in_flight", "Requests being answered.")
ROWS_IN_FLIGHT = Family("platform_rows_in_flight", "Rows of the predictions being answered.")
QUEUED = Family("platform_requests_queued", "Predictions that wait for their turn.")
RESIDENT = Family("platform_resident_memory_bytes", "Resident memory of a worker.", ("worker",), over="worker")
OPEN_FILES = Family("platform_open_files", "Open file descriptors of a worker.", ("worker",), over="worker")
WORKERS = Family("platform_workers", "Processes that answer requests.")
GAUGES = (RELEASES, BREAKERS, IN_FLIGHT, ROWS_IN_FLIGHT, QUEUED, RESIDENT, OPEN_FILES, WORKERS)

# Worked out when Prometheus asks, from the sums over all workers.
REUSED = Family(
    "platform_prediction_cache_reused_ratio", "Share of the rows looked up that needed no new score.", ("product",)
)
FEATURE_MEAN = Family(
    "platform_feature_mean", "Mean of a stored feature over the newest rows of each worker.", ("product", "feature")
)
FEATURE_DEVIATION = Family(
    "platform_feature_standard_deviation", "Standard deviation of a stored feature over them.", ("product", "feature")
)
FEATURE_MISSING = Family(
    "platform_feature_missing_ratio", "Share of them in which a stored feature is missing.", ("product", "feature")
)
STAGE_BUDGET = Family("platform_stage_budget_seconds", "What a stage of a prediction may take.", ("stage",))
TOTAL_BUDGET = Family("platform_latency_budget_seconds", "What a whole prediction may take.", ("quantile",))
GPU_USED = Family("platform_gpu_utilisation_ratio", "Share of the last sample that the GPU worked.", ("gpu",))
GPU_MEMORY = Family("platform_gpu_memory_used_bytes", "Memory in use on the GPU.", ("gpu",))
GPU_MEMORY_SIZE = Family("platform_gpu_memory_bytes", "Memory of the GPU.", ("gpu",))
