"""Sums up many replays: how many are exact, and every exception with its reason."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from platform_assets.audit.replay.verdict import Replayed, Stage, Verdict

_MOST_EXAMPLES = 20
_MOST_EXCEPTIONS = 1_000


class ReleaseCount(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts over the predictions of one release in one mode."""

    product: str
    mode: str
    release_id: str
    exact: int
    explained: int
    failed: int


class ReplayException(msgspec.Struct, frozen=True, kw_only=True):
    """Predictions that are not exact for one reason; `examples` are the first of their ids."""

    product: str
    verdict: Verdict
    stage: Stage
    reason: str
    count: int
    examples: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay of many found. `exact_percent` is None where nothing was replayed.

    `is_sound` tells that nothing failed and everything could be read. Of more than a thousand different reasons the
    most frequent are listed.
    """

    predictions: int
    exact: int
    explained: int
    failed: int
    exact_percent: float | None
    is_sound: bool
    bundle_loads: int
    releases: tuple[ReleaseCount, ...]
    exceptions: tuple[ReplayException, ...]
    unreadable: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """Counts replays as they come; what it keeps does not grow with their number."""

    by_release: Counter[tuple[str, str, str, Verdict]] = field(default_factory=Counter)
    by_reason: Counter[tuple[str, Verdict, Stage, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, Verdict, Stage, str], list[str]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def count(self, replayed: Replayed) -> None:
        """Take in one replay."""
        self.by_release[replayed.product, replayed.mode, replayed.release_id, replayed.verdict] += 1
        if replayed.first_difference is None:
            return
        why = (replayed.product, replayed.verdict, replayed.first_difference, replayed.cause)
        if why not in self.by_reason and len(self.by_reason) >= _MOST_EXCEPTIONS:
            why = (*why[:3], "other reasons at this stage")
        self.by_reason[why] += 1
        told = self.examples.setdefault(why, [])
        if len(told) < _MOST_EXAMPLES:
            told.append(replayed.prediction_id)

    def report(self, *, bundle_loads: int) -> Report:
        """Return the sum."""
        verdicts = Counter[Verdict]()
        for (*_, verdict), count in self.by_release.items():
            verdicts[verdict] += count
        total = verdicts.total()
        return Report(
            predictions=total,
            exact=verdicts["exact"],
            explained=verdicts["explained"],
            failed=verdicts["failed"],
            exact_percent=100.0 * verdicts["exact"] / total if total else None,
            is_sound=not verdicts["failed"] and not self.unreadable,
            bundle_loads=bundle_loads,
            releases=self._releases(),
            exceptions=tuple(self._exception(why, count) for why, count in self.by_reason.most_common()),
            unreadable=tuple(self.unreadable),
        )

    def _releases(self) -> tuple[ReleaseCount, ...]:
        kinds = sorted({(product, mode, release_id) for product, mode, release_id, _ in self.by_release})
        return tuple(
            ReleaseCount(
                product=product,
                mode=mode,
                release_id=release_id,
                exact=self.by_release[product, mode, release_id, "exact"],
                explained=self.by_release[product, mode, release_id, "explained"],
                failed=self.by_release[product, mode, release_id, "failed"],
            )
            for product, mode, release_id in kinds
        )

    def _exception(self, why: tuple[str, Verdict, Stage, str], count: int) -> ReplayException:
        product, verdict, stage, reason = why
        examples = tuple(self.examples[why])
        return ReplayException(
            product=product, verdict=verdict, stage=stage, reason=reason, count=count, examples=examples
        )


def as_markdown(report: Report) -> str:
    """Return the report as a page: the sum, a table by release, and each exception."""
    share = "nothing was replayed" if report.exact_percent is None else f"{report.exact_percent:.4g} % exact"
    others = f"{report.explained} explained, {report.failed} failed"
    lines = [
        "# Replay",
        "",
        f"{report.predictions} predictions: {share}; {others}. {report.bundle_loads} bundles were loaded.",
        "",
        "| product | made by | release | exact | explained | failed |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.product} | {one.mode} | {one.release_id} | {one.exact} | {one.explained} | {one.failed} |"
            for one in report.releases
        ),
    ]
    if report.exceptions:
        lines += [
            "",
            "## Exceptions",
            "",
            "| count | product | verdict | reason | for example |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {one.count} | {one.product} | {one.verdict} | {one.reason.replace('|', '/')} | {one.examples[0]} |"
            for one in report.exceptions
        ]
    lines += [f"\nNot readable: {problem}" for problem in report.unreadable]
    return "\n".join(lines) + "\n"
