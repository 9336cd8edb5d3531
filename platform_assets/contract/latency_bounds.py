"""The bounds by which durations are counted; what is promised of latency is counted exactly at the bound below it."""

# Seconds, from 50 microseconds to 2.5 seconds; among them the promises of latency, which are counted exactly.
SECONDS = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01),
    *(0.025, 0.05, 0.1, 0.12, 0.2, 0.25, 0.5, 1.0, 2.5),
)


def bound_within(milliseconds: float) -> float:
    """Return the largest bound in seconds up to a limit in ms: what is slower never counts as fast."""
    return max((bound for bound in SECONDS if bound * 1000.0 <= milliseconds), default=SECONDS[0])
