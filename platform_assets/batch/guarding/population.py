"""Whether the batch speaks of whom it should: how many rows, all of the population, and the entities of last time."""

from platform_assets.batch.guarding.comparison import against_last
from platform_assets.batch.guarding.evidence import Evidence, LastBatch
from platform_assets.batch.guarding.result import GuardrailResult, judged, unjudged
from platform_assets.contract.guardrails import GuardrailName
from platform_assets.statistics.chance import share_by_chance


def row_count(evidence: Evidence) -> GuardrailResult:
    """Give the number of rows that are missing to the least number declared."""
    rows, least = evidence.table.num_rows, evidence.product.guardrails.min_rows
    told = f"{rows} rows, at least {least} are due"
    return judged(evidence.product, "row_count", float(max(least - rows, 0)), told, numbers={"rows": float(rows)})


@against_last("row_count_change")
def row_count_change(evidence: Evidence, last: LastBatch) -> GuardrailResult:
    """Give the change of the number of rows as a share of the last batch's, in either direction."""
    rows, before = evidence.table.num_rows, len(last.rows.scores)
    if not before:
        return unjudged("row_count_change", "does not apply", f"the batch of {last.as_of.date()} has no rows")
    told = f"{rows} rows after {before}"
    numbers = {"rows": float(rows), "last_rows": float(before)}
    return judged(evidence.product, "row_count_change", abs(rows - before) / before, told, numbers=numbers)


def coverage(evidence: Evidence) -> GuardrailResult:
    """Give the share of the population that has no row in the batch."""
    due, missing = evidence.keys.due, evidence.keys.missing
    told = f"{missing} of the {due} rows of the population are missing"
    ratio = missing / due if due else 0.0
    numbers = {"due": float(due), "missing": float(missing), "covered_ratio": 1.0 - ratio}
    return judged(evidence.product, "coverage", ratio, told, numbers=numbers)


def foreign_rows(evidence: Evidence) -> GuardrailResult:
    """Give the share of rows that speak of nobody in the population."""
    rows = evidence.table.num_rows
    foreign = evidence.keys.foreign
    told = f"{foreign} of {rows} rows are not of the population"
    ratio = foreign / rows if rows else 0.0
    return judged(
        evidence.product, "foreign_rows", ratio, told, numbers={"rows": float(rows), "foreign": float(foreign)}
    )


@against_last("new_entities")
def new_entities(evidence: Evidence, _: LastBatch) -> GuardrailResult:
    """Give the share of the batch's entities that the last batch did not have."""
    keys = evidence.keys
    told = {"entities": keys.entities, "last_entities": keys.last_entities, "new": keys.new_entities}
    return _share(evidence, "new_entities", keys.new_entities, keys.entities, told)


@against_last("lost_entities")
def lost_entities(evidence: Evidence, _: LastBatch) -> GuardrailResult:
    """Give the share of the last batch's entities that the batch does not have any more."""
    keys = evidence.keys
    told = {"entities": keys.entities, "last_entities": keys.last_entities, "lost": keys.lost_entities}
    return _share(evidence, "lost_entities", keys.lost_entities, keys.last_entities, told)


def _share(evidence: Evidence, name: GuardrailName, count: int, of: int, counts: dict[str, int]) -> GuardrailResult:
    if not of:
        return unjudged(name, "does not apply", "one of both batches has no rows")
    chance = share_by_chance(evidence.product.guardrails.limit(name).warn or 0.0, of)
    told = f"{count} of {of} entities"
    numbers = {key: float(value) for key, value in counts.items()}
    return judged(evidence.product, name, count / of, told, chance=chance, numbers=numbers)
