"""What our endpoint's own metrics count: rows from its cache, and rows that a fallback answered."""

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_LOOKUPS, _PREDICTIONS = "platform_prediction_cache_lookups_total", "platform_predictions_total"


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows since the start of the process."""

    cache_hits: float
    fallbacks: float


def read_counts(exposition: str) -> Counts:
    """Return the counts of a text exposition; what is not there has not been counted yet."""
    found = [each for family in text_string_to_metric_families(exposition) for each in family.samples]
    return Counts(
        cache_hits=sum(s.value for s in found if s.name == _LOOKUPS and s.labels.get("result") == "hit"),
        fallbacks=sum(s.value for s in found if s.name == _PREDICTIONS and s.labels.get("fallback") != "none"),
    )
