"""Which release answers a row: THE place where that is decided, for rollouts, for overrides and for whatever follows.

`choose` is a pure function of the product's split, the facts of the call and the text of the row's entity. To let
something else take part: load its releases where `loading.py` loads those of a pointer, give `Split` a field with
them, and add one line to `choose` that returns a `Choice` or None. The first that is not None answers. All else follows
from the choice: rows are cut and merged by release, the log keeps `assigned`, metrics count `role`, and what a rollout
or an experiment counts are the choices that carry its id.
"""

from typing import NamedTuple

from platform_assets.contract.assignment import Unit, takes_new, unit_digest
from platform_assets.contract.experiments import Assigned, Chosen
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.telemetry.metrics import Role
from platform_assets.serving.traffic.facts import Facts
from platform_assets.serving.traffic.split import Split
from platform_assets.serving.traffic.trial import Trial

_USER = "user:"
NO_EXPERIMENT = ""  # what an override is part of while no rollout is under way


class Choice(NamedTuple):
    """The release that answers, in which role, and what the prediction log keeps of the assignment."""

    live: LiveRelease
    role: Role
    assigned: Assigned | None = None


def choose(split: Split, facts: Facts, entity: str) -> Choice:
    """Return who answers a row of an entity: the same for the same unit in every process and after every restart."""
    return (
        _overridden(split, facts)
        or _by_rollout(split, facts, entity)
        or _by_trial(split, facts, entity)
        or Choice(split.control, "control")
    )


def unit_text(unit: Unit, facts: Facts, entity: str) -> tuple[str, Chosen]:
    """Return the text that is hashed for a unit, and how it was chosen; without a user the entity takes its place."""
    if unit == "request":
        return f"request:{facts.request_id}", "request"
    if unit == "user" and facts.user is not None:
        return f"{_USER}{facts.user}", "unit"
    return f"entity:{entity}", "unit"


def _overridden(split: Split, facts: Facts) -> Choice | None:
    """Return the release that the caller names; a name that no loaded release has is without effect."""
    if facts.release is None:
        return None
    if split.trial is not None and (named := split.trial.named(facts.release)) is not None:
        return _of_trial(split.trial, *named)
    candidate, kept = split.candidate, split.kept.get(facts.release)
    experiment = candidate.rollout.rollout_id if candidate else NO_EXPERIMENT
    if candidate is not None and candidate.live.release.release_id == facts.release:
        return _choice(candidate.live, "candidate", experiment, "override")
    if kept is not None:
        return _choice(kept.live, "kept", experiment, "override")
    if split.control.release.release_id == facts.release:
        return _choice(split.control, "control", experiment, "override")
    return None


def _by_rollout(split: Split, facts: Facts, entity: str) -> Choice | None:
    candidate = split.candidate
    if candidate is None or candidate.share <= 0.0:
        return None
    rollout = candidate.rollout
    text, chosen = unit_text(rollout.plan.unit, facts, entity)
    user = unit_digest(rollout.rollout_id, text) if text.startswith(_USER) else None
    if takes_new(rollout.rollout_id, text, candidate.share):
        return _choice(candidate.live, "candidate", rollout.rollout_id, chosen, user)
    return _choice(split.control, "control", rollout.rollout_id, chosen, user)


def _by_trial(split: Split, facts: Facts, entity: str) -> Choice | None:
    if split.trial is None:
        return None
    text, chosen = unit_text(split.trial.experiment.unit, facts, entity)
    return _of_trial(split.trial, *split.trial.assigned(text, chosen))


def _of_trial(trial: Trial, live: LiveRelease, assigned: Assigned) -> Choice:
    is_control = assigned.variant == trial.experiment.control.name
    return Choice(live, "control" if is_control else "treatment", assigned)


def _choice(live: LiveRelease, role: Role, experiment: str, chosen: Chosen, user: str | None = None) -> Choice:
    return Choice(live, role, Assigned(experiment=experiment, variant=role, chosen=chosen, unit=user))
