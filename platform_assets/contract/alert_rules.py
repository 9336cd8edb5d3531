"""Alert rules: what is looked at besides promises, from which level on, for how long, and what is to be done then."""

from typing import Annotated, Literal

import msgspec

RuleMeasure = Literal[
    "accuracy_drop",  # accuracy by labels that arrived later, below that of the evaluation
    "truth_gap",  # the mean of a probability beside the rate at which it came true, by labels that arrived later
    "feature_shift",  # the farthest mean of a logged feature from that of the training set, in its deviations there
    "feature_spread",  # the factor by which the spread of a logged feature grew or shrank since training, beyond chance
    "score_shift",  # largest difference of the distributions of logged and training scores, beyond chance
    "latency_p99",  # of the answers of a product, in milliseconds
    "variant_errors",  # error rate of a release on trial by that of the one in force
    "out_of_memory",  # times that an engine found no memory on the GPU
]
Response = Literal["retrain", "investigate", "scale", "roll_back", "reduce"]
RuleSeverity = Literal["warning", "alert"]

_Days = Annotated[int, msgspec.Meta(ge=1, le=90)]
_Minutes = Annotated[int, msgspec.Meta(ge=0)]


class AlertRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measure that is watched: above a level for so long, something is to be done.

    A `warning` puts the rule at risk, an `alert` breaks it and opens an incident. `over_days` is how far back a log is
    read. `minimum` units must be there to judge by. `next_step` is what its owner is told to do.
    """

    name: str
    measure: RuleMeasure
    above: float
    unit: str
    severity: RuleSeverity
    response: Response
    next_step: str
    for_minutes: _Minutes = 0
    over_days: _Days = 7
    minimum: Annotated[int, msgspec.Meta(ge=1)] = 1


# Evaluated for every product that is served online.
ALERT_RULES = (
    AlertRule(
        name="accuracy_drop",
        measure="accuracy_drop",
        above=0.05,
        unit="share of right answers lost",
        severity="alert",
        response="retrain",
        next_step="train a candidate on newer data; its gates compare it with the release in force",
        minimum=200,
    ),
    AlertRule(
        name="concept_drift",
        measure="truth_gap",
        above=0.10,
        unit="share of the predictions",
        severity="alert",
        response="retrain",
        next_step="the same inputs come true at another rate than it learned: train a candidate on newer data",
        minimum=200,
    ),
    AlertRule(
        name="feature_drift",
        measure="feature_shift",
        above=2.0,
        unit="standard deviations",
        severity="warning",
        response="investigate",
        next_step="look for what changed in the pipeline of the feature that is named: source, staging, feature view",
        minimum=500,
    ),
    AlertRule(
        name="feature_shift",
        measure="feature_shift",
        above=3.0,
        unit="standard deviations",
        severity="alert",
        response="investigate",
        next_step="find what changed in the feature that is named before the model acts on it any longer",
        minimum=500,
    ),
    AlertRule(
        name="feature_spread_drift",
        measure="feature_spread",
        above=2.0,
        unit="times the standard deviation of training",
        severity="warning",
        response="investigate",
        next_step="look whom the endpoint is asked about and what changed in the pipeline of the feature that is named",
        minimum=500,
    ),
    AlertRule(
        name="feature_spread",
        measure="feature_spread",
        above=3.0,
        unit="times the standard deviation of training",
        severity="alert",
        response="investigate",
        next_step="find what changed in the feature that is named: its unit, its source, a value that stands for many",
        minimum=500,
    ),
    AlertRule(
        name="score_shift",
        measure="score_shift",
        above=0.10,
        unit="share of the predictions",
        severity="alert",
        response="retrain",
        next_step="compare whom it answers with whom it was trained on, then train a candidate on newer data",
        minimum=500,
    ),
    AlertRule(
        name="slow_answers",
        measure="latency_p99",
        above=200.0,
        unit="ms",
        severity="alert",
        response="scale",
        next_step="add workers (PLATFORM_ENDPOINT_WORKERS) or another endpoint behind the gateway, or find in "
        "platform_stage_seconds what is slow",
        for_minutes=10,
        minimum=100,
    ),
    AlertRule(
        name="variant_errors",
        measure="variant_errors",
        above=2.0,
        unit="times the errors of the release in force",
        severity="alert",
        response="roll_back",
        next_step="the limits of a rollout or experiment end it by themselves; if it still has traffic: "
        "`platform rollouts end` or `platform experiments stop`",
        minimum=100,
    ),
    AlertRule(
        name="gpu_out_of_memory",
        measure="out_of_memory",
        above=0.0,
        unit="times",
        severity="alert",
        response="reduce",
        next_step="lower `batching.max_rows` of the online block, or release a smaller model",
        for_minutes=60,
    ),
)
