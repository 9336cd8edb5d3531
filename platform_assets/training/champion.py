"""A candidate against the champion, which is the release in force: both score the same examples."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from platform_assets.contract.evaluation import Metric
from platform_assets.contract.product import Product
from platform_assets.errors import MissingInputError
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.frame import Column, Floats, Frame
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.inference.pair import Pair
from platform_assets.inference.release import Release, read_release
from platform_assets.inference.scoring import score
from platform_assets.settings import Settings
from platform_assets.statistics.bootstrap import Bootstrap, Interval
from platform_assets.training.evaluate import slices_of
from platform_assets.training.gates import GateKind, GateResult
from platform_assets.training.metrics import LOWER_IS_BETTER, advantage, prepare_metric, primary_metric

_SEED = 20111209  # the same resamples at every look
_WAY_OUT = "keep the column for one release, or declare Acceptance(with_champion=False) for it"


@dataclass(frozen=True, slots=True)
class Champion:
    """The release in force and its verified bundle."""

    release: Release
    bundle: Bundle


@dataclass(frozen=True, slots=True)
class Duel:
    """One metric of candidate and champion on the same rows; the interval is of the candidate's advantage."""

    slice: str
    metric: Metric
    candidate: float
    champion: float
    advantage: Interval
    rows: int

    def loss_bound(self, allowed: float) -> float:
        """Return the worst value that loses no more than that share of the champion's."""
        margin = allowed * abs(self.champion)
        return self.champion + margin if self.metric in LOWER_IS_BETTER else self.champion - margin


def champion_in_force(settings: Settings, product: str) -> Champion | None:
    """Return the release in force with its bundle, or None before the first.

    Raises what `load_bundle` raises: without its bundle nobody can say what consumers get now.
    """
    live = read_live(settings.releases_dir, product)
    if live is None:
        return None
    release = read_release(settings.releases_dir, product, live.release_id)
    bundle = load_bundle(settings.home / release.bundle_path, expected_digest=release.bundle_digest)
    return Champion(release, bundle)


def judge_champion(product: Product, candidate: Pair, champion: Champion | None, test: Frame) -> list[GateResult]:
    """Return the gate of the whole and one per declared slice; the frame holds the test rows as they were joined.

    `product` gives the bounds. Before the first release, and where the scores mean different things, there is nothing
    to lose. Raises MissingInputError only for a column that the candidate itself lacks.
    """
    why_not = _why_not(product, candidate, champion)
    if why_not is not None or champion is None:
        return [GateResult(kind="champion", gate=f"no champion: {why_not}", is_passed=True, value=None, bound=None)]
    scores = _scores(candidate, test)
    try:
        defended = _scores(champion.bundle, test)
    except MissingInputError as error:
        text = f"the champion scores the same examples, but: {error} Else {_WAY_OUT}"
        return [GateResult(kind="champion", gate=text, is_passed=False, value=None, bound=None)]
    return [judge_duel(product, duel, champion.release) for duel in duels(product, candidate, scores, defended, test)]


def duels(product: Product, candidate: Pair, scores: Floats, champion: Floats, test: Frame) -> Iterator[Duel]:
    """Yield the duel of the declared metric on all rows, then per slice of the candidate."""
    metric = primary_metric(product)
    frame = apply_on_demand(candidate.product.on_demand, test, product=product.name)
    entities = test[candidate.product.entity.row_keys[0]]
    for name, rows in slices_of(candidate.product, frame):
        yield _duel(name, metric, test["label"][rows], entities[rows], scores[rows], champion[rows])


def _why_not(product: Product, candidate: Pair, champion: Champion | None) -> str | None:
    if champion is None:
        return "this is the first release"
    if not product.acceptance.with_champion:
        return "none is compared with, as declared"
    old, new = champion.bundle.product.score.schema_version, candidate.product.score.schema_version
    if old != new:
        return f"output schema {new} is another score than {old}"
    if isinstance(candidate, Bundle) and candidate.digest == champion.bundle.digest:
        return "the candidate is in force itself"
    return None


def _scores(pair: Pair, test: Frame) -> Floats:
    scored = score(pair, test)
    return np.where(scored.is_valid, scored.score, np.nan)


def _duel(name: str, metric: Metric, label: Floats, entities: Column, candidate: Floats, champion: Floats) -> Duel:
    both: npt.NDArray[np.bool_] = np.isfinite(candidate) & np.isfinite(champion)
    rows = np.ones(len(label), dtype=np.bool_) if metric == "coverage" else both
    mine = prepare_metric(metric, label[rows], candidate[rows])
    theirs = prepare_metric(metric, label[rows], champion[rows])
    ones = np.ones(int(rows.sum()))
    found = Bootstrap(entities[rows], seed=_SEED).interval(advantage(metric, mine, theirs))
    return Duel(name, metric, mine(ones), theirs(ones), found, len(ones))


def judge_duel(product: Product, duel: Duel, release: Release) -> GateResult:
    """Return the gate of one duel: the allowed loss is the small one where the interval shows that there is a loss."""
    asked, is_whole = product.acceptance, duel.slice == "all"
    allowed = asked.allowed_loss if is_whole else asked.allowed_slice_loss
    is_shown = np.isfinite(duel.advantage.high) and duel.advantage.high < 0.0
    allowed = allowed if is_shown else max(allowed, asked.allowed_unproven_loss)
    kind: GateKind = "champion" if is_whole else "slices"
    text = (
        f"{duel.metric} on {duel.slice} loses at most {allowed:.3g} of that of release {release.release_id} "
        f"(version {release.model_version}) on the same {duel.rows} rows{'' if is_shown else ', no loss being shown'}"
    )
    if not np.isfinite(duel.candidate) or not np.isfinite(duel.champion):
        # One class only, or no row: the row count of the slice is a gate of its own.
        return GateResult(kind=kind, gate=f"{text}, as far as it is defined", is_passed=True, value=None, bound=None)
    bound = duel.loss_bound(allowed)
    return GateResult(
        kind=kind,
        gate=text,
        is_passed=duel.candidate <= bound if duel.metric in LOWER_IS_BETTER else duel.candidate >= bound,
        value=duel.candidate,
        bound=bound,
        low=_number(duel.advantage.low),
        high=_number(duel.advantage.high),
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
