"""Whether the newest runs succeeded, from what an orchestrator tells of them; which one it is does not matter here."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState
from platform_assets.contract.slas import Mode
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation
from platform_assets.ledger.quarantined import quarantined_batches

# The success rate is that of so many finished runs, and says little of fewer than the smaller number.
RATED_RUNS, FEWEST_RATED = 20, 5
LOWEST_RATE = 0.8


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One finished run that scores a product ("batch") or publishes its online snapshot ("online")."""

    run_id: str
    mode: Mode
    ended_at: dt.datetime
    is_success: bool
    problem: str = ""


def observe_runs(ledger: Ledger, product: Product, outcomes: Sequence[RunOutcome]) -> list[Observation]:
    """Return whether the newest finished run of each mode succeeded, and the success rate of online snapshots.

    A run that failed because a guardrail refused its batch did its work: that is told by `guardrails` and not twice.
    """
    refused = {batch.run_id for batch in quarantined_batches(ledger, product.name)}
    ended = sorted(outcomes, key=lambda outcome: outcome.ended_at, reverse=True)
    modes: tuple[Mode, ...] = ("batch", "online") if product.online else ("batch",)
    newest = [_newest(product, mode, [one for one in ended if one.mode == mode], refused) for mode in modes]
    syncs = [one for one in ended if one.mode == "online"][:RATED_RUNS]
    return [*newest, _rate(product, syncs)] if syncs and product.online else newest


def _newest(product: Product, mode: Mode, ended: Sequence[RunOutcome], refused: set[str]) -> Observation:
    if not ended:
        return Observation(product=product.name, promise="runs", subject=mode, state="unknown")
    newest = ended[0]
    is_good = newest.is_success or newest.run_id in refused
    failures = next((count for count, one in enumerate(ended) if one.is_success), len(ended))
    return Observation(
        product=product.name,
        promise="runs",
        subject=mode,
        state="kept" if is_good else "broken",
        value=0.0 if is_good else float(failures),
        limit=0.0,
        unit="failed runs in a row",
        facts={"run_id": newest.run_id, "ended_at": newest.ended_at, "problem": newest.problem},
    )


def _rate(product: Product, syncs: Sequence[RunOutcome]) -> Observation:
    rate = sum(one.is_success for one in syncs) / len(syncs)
    state: PromiseState = "kept" if rate >= LOWEST_RATE else "broken" if len(syncs) >= FEWEST_RATED else "at_risk"
    return Observation(
        product=product.name,
        promise="materialization_success",
        state=state,
        value=rate,
        limit=LOWEST_RATE,
        unit="share of runs",
        facts={"runs": len(syncs), "failed": [one.run_id for one in syncs if not one.is_success]},
    )
