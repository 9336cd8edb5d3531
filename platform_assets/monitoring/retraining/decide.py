"""Whether a new model is asked for: a pure function of what is broken, what was asked before and what is known now."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from platform_assets.contract.retraining import Retraining
from platform_assets.ledger.retraining import RetrainingRequest
from platform_assets.monitoring.retraining.breaches import Breach

# count: nothing else stands against it, and the new labels, which cost a look at the data, have to be counted first.
Action = Literal["nothing", "hold", "count", "request"]
_MONTH = dt.timedelta(days=30)


class Prospect(msgspec.Struct, frozen=True, kw_only=True):
    """What a candidate could learn from by now: its split, and how many labels the release in force did not know."""

    cutoff: dt.date
    train_from: dt.date
    new_labels: int


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """All that the decision follows from, at one instant.

    `release_id` is in force since `release_since`. `on_its_way` and `held` say in words what else is under way and what
    holds promotions or training, None where nothing does. `history` are all requests of the product.
    """

    limits: Retraining
    breaches: Sequence[Breach]
    history: Sequence[RetrainingRequest]
    release_id: str | None
    release_since: dt.datetime | None
    now: dt.datetime
    on_its_way: str | None = None
    held: str | None = None
    prospect: Prospect | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is done and why; `breach` is the one that it is about."""

    action: Action
    reason: str
    breach: Breach | None = None


def decide(situation: Situation) -> Verdict:
    """Return whether a new model is asked for by the rule, is held back and by what, or nothing asks for one."""
    if not situation.breaches:
        return Verdict(action="nothing", reason="no rule that asks for a new model is broken")
    answers = [(breach, _of_breach(situation, breach)) for breach in situation.breaches]
    breach = next((one for one, answered in answers if answered is None), None)
    if breach is None:
        first, why = answers[0]
        return Verdict(action="hold", reason=why or "", breach=first)
    why = next(_of_product(situation), None)
    if why is not None:
        return Verdict(action="hold", reason=why, breach=breach)
    if situation.prospect is None:
        return Verdict(action="count", reason="the new labels are not counted yet", breach=breach)
    why = _refused_before(situation, breach, situation.prospect) or too_few_labels(situation.limits, situation.prospect)
    if why is not None:
        return Verdict(action="hold", reason=why, breach=breach)
    return Verdict(action="request", reason=_reason(breach), breach=breach)


def under_way(history: Sequence[RetrainingRequest], on_its_way: str | None, held: str | None) -> str | None:
    """Return what stands against any request, also one by hand, or None."""
    unfinished = next((one for one in history if not one.is_ended), None)
    if unfinished is not None and unfinished.state == "candidate":
        return f"the candidate of request {unfinished.request_id} waits for its approval"
    if unfinished is not None:
        return f"request {unfinished.request_id} is {unfinished.state}"
    return on_its_way or held


def too_few_labels(limits: Retraining, prospect: Prospect) -> str | None:
    """Return why what became known since is not worth a new model, or None."""
    if prospect.new_labels >= limits.needs_new_labels:
        return None
    return (
        f"{prospect.new_labels} labels are new to it at the cut-off {prospect.cutoff}, at least "
        f"{limits.needs_new_labels} are needed"
    )


def _of_breach(situation: Situation, breach: Breach) -> str | None:
    """Return why this breach asks for nothing more, or None."""
    if situation.release_id is None or situation.release_since is None:
        return "nothing was ever released"
    known = next((one for one in reversed(situation.history) if _is_for(situation, breach, one)), None)
    if known is not None and known.state != "refused":  # what gates refuse may be better with more to learn from
        return f"request {known.request_id} of {known.requested_at:%Y-%m-%d} answers this breach; it is {known.state}"
    settled_at = situation.release_since + dt.timedelta(days=breach.settle_days)
    if breach.since < situation.release_since and situation.now < settled_at:
        return (
            f"release {situation.release_id} came into force after it broke, and until {settled_at:%Y-%m-%d %H:%M} "
            "the measure speaks of the one before as well"
        )
    return None


def _refused_before(situation: Situation, breach: Breach, prospect: Prospect) -> str | None:
    """Return which candidate for this breach learned as much and was refused, or None."""
    known = [one for one in situation.history if _is_for(situation, breach, one) and one.cutoff >= prospect.cutoff]
    if not known:
        return None
    return f"the candidate of request {known[-1].request_id} was refused, and the cut-off {prospect.cutoff} is no newer"


def _is_for(situation: Situation, breach: Breach, request: RetrainingRequest) -> bool:
    return situation.release_id is not None and breach.is_cause_of(request.cause, situation.release_id)


def _of_product(situation: Situation) -> Iterator[str]:
    """Yield why nothing is asked for whatever is broken, the most lasting reason first."""
    limits = situation.limits
    if not limits.is_automatic:
        yield "the product declares that a person asks for a new model"
    blocked = under_way(situation.history, situation.on_its_way, situation.held)
    if blocked is not None:
        yield blocked
    counted = [one for one in situation.history if one.state != "withdrawn"]
    # A request from after now is of a clock that was set back: it counts, so that nothing is asked for twice.
    recent = [one for one in counted if situation.now - one.requested_at < _MONTH]
    if len(recent) >= limits.most_in_30_days:
        yield f"{len(recent)} requests within 30 days, at most {limits.most_in_30_days} are allowed"
    again_at = max((one.requested_at for one in counted), default=None)
    cooldown = dt.timedelta(days=limits.cooldown_days)
    if again_at is not None and situation.now < again_at + cooldown:
        yield f"the last request was made on {again_at:%Y-%m-%d}; cooldown until {again_at + cooldown:%Y-%m-%d %H:%M}"


def _reason(breach: Breach) -> str:
    return f"{breach.promise} is broken since {breach.since:%Y-%m-%d %H:%M} UTC: {breach.told}"
