"""What is known of a rollout: what the running endpoint tells, and what the lake knows of its answers by now.

Whatever the endpoint does not tell is silence, and nothing moves on silence. Labels are judged where there are some.
"""

import datetime as dt
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from platform_assets.access.own_keys import own_headers
from platform_assets.contract.product import Product
from platform_assets.inference.live_pointer import LiveRollout
from platform_assets.monitoring.rollout_labels import StepLabels
from platform_assets.orchestration.label_evidence import known_labels
from platform_assets.rollouts.report import RolloutReport
from platform_assets.settings import Settings

_ANSWER_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Why there is no evidence of this step of this rollout, in words."""

    told: str


@dataclass(frozen=True, slots=True)
class Heard:
    """The endpoint's report of this step, and the labels that are known of its answers."""

    report: RolloutReport
    labels: StepLabels


def hear(settings: Settings, product: Product, rollout: LiveRollout, at: dt.datetime) -> Heard | Silence:
    """Return all that is known of the step that is under way; takes a bounded time, whoever is away."""
    report = ask_endpoint(settings, product.name, rollout)
    return report if isinstance(report, Silence) else Heard(report, known_labels(settings, product, rollout, at))


def ask_endpoint(settings: Settings, product: str, rollout: LiveRollout) -> RolloutReport | Silence:
    """Return the report of the step that is under way; one of another rollout or step counts as silence."""
    import httpx

    url = f"http://127.0.0.1:{settings.endpoint_port}/v1/rollouts/{product}"
    try:
        answer = httpx.get(url, timeout=_ANSWER_WITHIN_S, headers=own_headers(settings))
    except httpx.HTTPError as error:
        return Silence(f"no endpoint answers at {url} ({type(error).__name__}: {error})")
    if answer.status_code != HTTPStatus.OK:
        return Silence(f"the endpoint answers {answer.status_code} at {url}: it does not try this release (yet)")
    try:
        report = msgspec.json.decode(answer.content, type=RolloutReport)
    except msgspec.DecodeError as error:
        return Silence(f"what the endpoint answers at {url} is no report ({error})")
    if (report.rollout_id, report.step_name) != (rollout.rollout_id, rollout.step_name):
        return Silence(f"the endpoint is still at step {report.step_name} of rollout {report.rollout_id}")
    return report
