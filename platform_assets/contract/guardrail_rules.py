"""What a guardrail block must satisfy beyond its types: triples of place, problem and remedy, like a `BrokenRule`."""

from collections.abc import Iterator

from platform_assets.contract.guardrails import OWN_FIELDS, Guardrails, Limit

Broken = tuple[str, str, str]


def broken_guardrail_rules(guardrails: Guardrails) -> Iterator[Broken]:
    """Yield every contradiction in a block: each guardrail is set at most once, and off only for a reason in words."""
    named = [*(limit.guardrail for limit in guardrails.limits), *(one.guardrail for one in guardrails.off)]
    for name in sorted({name for name in named if named.count(name) > 1}):
        yield f"guardrails.{name}", "it is set more than once", "Give one limit, or switch it off, not both."
    for limit in guardrails.limits:
        yield from _limit_rules(limit)
    for one in guardrails.off:
        if not one.reason.strip():
            yield f"guardrails.off.{one.guardrail}", "it is switched off without a reason", "Say why in words."
    if guardrails.season_days is not None and guardrails.season_days < 1:
        yield "guardrails.season_days", f"{guardrails.season_days} is no number of days", "Give at least 1, or None."


def _limit_rules(limit: Limit) -> Iterator[Broken]:
    where = f"guardrails.limits.{limit.guardrail}"
    if limit.guardrail in OWN_FIELDS:
        yield where, "it has a field of its own", "Set min_rows, max_null_ratio or max_row_change_ratio."
    if limit.warn is not None and limit.fail is not None and limit.warn > limit.fail:
        yield where, f"it warns at {limit.warn:g}, after it refuses at {limit.fail:g}", "Lower warn."
    if limit.warn is None and limit.fail is None:
        yield where, "it neither warns nor refuses", "Give a level, or switch it off with a reason."
