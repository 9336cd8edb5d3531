"""How each promise is talked about: to its owner with cause and next step, to consumers in their own words."""

from typing import NamedTuple, get_args

from platform_assets.contract.names import AssetNoun
from platform_assets.contract.promises import RULE_PREFIX, PromiseName
from platform_assets.contract.slas import Mode


class Words(NamedTuple):
    """What is said when a promise is broken. `cause` stands where the records name none; `asset` is where to look."""

    broken: str
    cause: str
    step: str
    asset: AssetNoun
    page: str = "docs/operations.md"


class ConsumerWords(NamedTuple):
    """What somebody who only reads predictions needs to know, and to do."""

    broken: str
    step: str


_LATE = "no batch was published in time: a run failed, was refused by a guardrail or did not start"
_RUN = "look at the newest runs of the asset in Dagster, then materialize it again"
_SLOW = "more traffic than the workers answer in time, or a heavier model since the last release"
_OBEY = (
    "`platform rollouts show {product}` says whether a release is on its way; go back with `platform releases rollback`"
)

_WORDS: dict[PromiseName, Words] = {
    "data_age": Words("the published data are too old", _LATE, _RUN, "published_predictions"),
    "publication_age": Words("the last publication is too long ago", _LATE, _RUN, "published_predictions"),
    "source_age": Words(
        "the raw data behind it are too old",
        "new raw files did not arrive or were not loaded",
        "ask the supplier of the raw data, then materialize the raw assets",
        "published_predictions",
        "docs/data.md",
    ),
    "partition": Words("a day has no published batch", _LATE, "backfill that partition in Dagster", "predictions"),
    "snapshot_age": Words(
        "the features of the endpoint are too old",
        "the nightly sync to the online store failed or is late; the values before it go on being served",
        "materialize the online snapshot in Dagster",
        "online_snapshot",
    ),
    "materialization_lag": Words(
        "features reach the endpoint too late",
        "the sync to the online store is slow or waits behind another run",
        "materialize the online snapshot in Dagster",
        "online_snapshot",
    ),
    "materialization_success": Words(
        "the sync to the online store failed",
        "see the error of its newest run",
        "mend what the run names, then materialize the online snapshot",
        "online_snapshot",
    ),
    "guardrails": Words(
        "the newest batch was refused by a guardrail",
        "its rows differ from what is normal: `platform quarantine show` has the numbers",
        "release or drop it (`platform quarantine list {product}`), or mend the input and score again",
        "predictions",
        "docs/guardrails.md",
    ),
    "runs": Words("the newest run failed or is overdue", "see the error of that run", _RUN, "predictions"),
    "rollout": Words(
        "a rollout was ended by a hard limit",
        "the new release is worse than what is promised: `platform rollouts history {product}`",
        "nothing at once, callers are on the release before; find out why before the next attempt",
        "release",
        "docs/rollouts.md",
    ),
    "sla_freshness": Words("the SLA of freshness is broken", _LATE, _RUN, "published_predictions"),
    "sla_availability": Words(
        "the SLA of availability is broken",
        "the endpoint or its online store was away",
        "`platform status` and `platform logs endpoint`",
        "endpoint",
    ),
    "sla_latency": Words("the SLA of latency is broken", _SLOW, _OBEY, "endpoint"),
    "sla_error_rate": Words("the SLA of errors is broken", "see `platform logs endpoint`", _OBEY, "endpoint"),
    "sla_coverage": Words(
        "the SLA of coverage is broken",
        "part of the population got no prediction: rows were refused or raw data are missing",
        "compare the population with the newest batch in Dagster",
        "predictions",
        "docs/guardrails.md",
    ),
}
_WATCH = Words(
    "the watch of promises could not look",
    "see the error in the tick of the sensor promises_watch",
    "mend what the error names; until then nobody sees what it watches",
    "published_predictions",
)
# What is about the online mode of these happens to another asset.
_AT_THE_SNAPSHOT = frozenset({"runs", "sla_freshness"})
_RULE = Words("the rule {rule} has fired", "see what it measured", "{response}", "endpoint")

_READ_FLAGS = (
    "read is_stale and action_allowed with each row or answer: no automated action may follow from a stale one"
)
_CONSUMER_WORDS: dict[PromiseName, ConsumerWords] = {
    "sla_freshness": ConsumerWords("was older than promised for too much of the time", _READ_FLAGS),
    "sla_availability": ConsumerWords("fails too often", "retry later; the client library falls back by itself"),
    "sla_latency": ConsumerWords(
        "answers later than promised", "allow for longer answers, or read the published batch"
    ),
    "sla_error_rate": ConsumerWords("answers with too many errors", "retry later, or read the published batch"),
    "sla_coverage": ConsumerWords("lacks rows that were promised", "expect missing rows, and treat them as unknown"),
}
_STALE = ConsumerWords("is older than promised", _READ_FLAGS)


def words_of(promise: str, subject: str = "") -> Words:
    """Return how a promise of a subject, or an alert rule, is talked about to its owner."""
    if promise == "runs" and subject not in {"", *get_args(Mode)}:
        return _WATCH
    found = {str(name): words for name, words in _WORDS.items()}.get(promise)
    if found is None:
        return _RULE._replace(broken=_RULE.broken.format(rule=promise.removeprefix(RULE_PREFIX)))
    return found._replace(asset="online_snapshot") if promise in _AT_THE_SNAPSHOT and subject == "online" else found


def consumer_words_of(promise: str) -> ConsumerWords:
    """Return what a consumer is told of a promise."""
    return {str(name): words for name, words in _CONSUMER_WORDS.items()}.get(promise, _STALE)
