"""Callers who name the version of the output that they understand are answered in it, or told why not.

The version in force goes the way of everybody. Another one has its own release: the last one that was in force under
it, until its sunset, or one on its way. Then nothing else is chosen: neither a rollout nor an experiment moves a caller
to a version that the caller did not name.
"""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from platform_assets.contract.experiments import Assigned
from platform_assets.contract.versions import EarlierVersion, earlier_version, readable_versions
from platform_assets.errors import (
    MalformedRequestError,
    OutputVersionRetiredError,
    OutputVersionUnavailableError,
    UnknownOutputVersionError,
)
from platform_assets.serving.asked import Asked
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.releases import Releases
from platform_assets.serving.rows import product_name, read_rows
from platform_assets.serving.telemetry.metrics import Role
from platform_assets.serving.traffic.facts import VERSION_HEADER, Headers
from platform_assets.serving.traffic.split import Split
from platform_assets.serving.wire import PredictRequest

_VERSION = VERSION_HEADER.lower().encode("ascii")
_MOST_DIGITS = 6


class Named(NamedTuple):
    """A release that answers in a version, and in which role."""

    live: LiveRelease
    role: Role


def named_version(headers: Headers) -> int | None:
    """Return the version that a call names, None for one that names none; raises MalformedRequestError."""
    sent = next((value for name, value in headers if name == _VERSION), None)
    if sent is None:
        return None
    text = sent.decode("latin-1").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        problem = f"{text[:40]!r} is no version of an output; send a whole number such as 1"
        raise MalformedRequestError(where=f"the header {VERSION_HEADER}", problem=problem)
    return int(text)


def ask_in_version(releases: Releases, request: PredictRequest, version: int, at: dt.datetime) -> Asked:
    """Return what a request asks of the release that answers in a version; rows are read as that release reads them.

    Raises what `ask` raises, and OutputVersionRetiredError, UnknownOutputVersionError, OutputVersionUnavailableError.
    """
    product = product_name(request)
    control, split = releases.current(product), releases.split(product)
    live, role = release_in(control, split, version, at)
    asked = Asked(live, read_rows(live.schema, request), request.features is not None, request, split)
    if split is None or all(output_version(one) == version for one in (control, *_on_trial(split))):
        return asked
    assigned = Assigned(experiment="", variant=role, chosen="override", unit=None)
    return asked._replace(split=None, assigned=assigned, is_off=split.off is not None)


def release_in(control: LiveRelease, split: Split | None, version: int, at: dt.datetime) -> Named:
    """Return the release that answers in a version at a wall time.

    Raises OutputVersionRetiredError after its sunset, OutputVersionUnavailableError where its release cannot be
    loaded, UnknownOutputVersionError for a version that is not offered.
    """
    product, current = control.product.name, output_version(control)
    earlier = control.release.earlier_versions
    told = _not_retired(control, version, at)
    if found := next((one for one in _members(control, split) if output_version(one.live) == version), None):
        return found
    if told is not None:
        raise OutputVersionUnavailableError(product=product, version=version, sunset=told.sunset.isoformat())
    offered = ", ".join(map(str, readable_versions(current, earlier, at)))
    raise UnknownOutputVersionError(product=product, version=version, offered=offered)


def require_in_force(live: LiveRelease, version: int, at: dt.datetime) -> None:
    """Refuse every version but the one in force, where nothing else is at hand.

    Raises OutputVersionRetiredError after the sunset of an earlier one, else UnknownOutputVersionError.
    """
    _not_retired(live, version, at)
    current = output_version(live)
    if version != current:
        raise UnknownOutputVersionError(product=live.product.name, version=version, offered=str(current))


def output_version(live: LiveRelease) -> int:
    """Return the version of the output that a release answers in."""
    return live.bundle.manifest.output_schema_version


def _not_retired(control: LiveRelease, version: int, at: dt.datetime) -> EarlierVersion | None:
    """Return the timeline of an earlier version, None for any other; raises OutputVersionRetiredError."""
    told = earlier_version(control.release.earlier_versions, version)
    if told is not None and at >= told.sunset_at:
        raise OutputVersionRetiredError(
            product=control.product.name,
            version=version,
            sunset=told.sunset.isoformat(),
            current=output_version(control),
            change=told.what_changed,
        )
    return told


def _members(control: LiveRelease, split: Split | None) -> Iterator[Named]:
    """Yield who may answer, in the order in which they are asked; a shadow never answers."""
    yield Named(control, "control")
    if split is None:
        return
    yield from (Named(one.live, "kept") for one in split.kept.values() if one.version is not None)
    if split.candidate is not None and split.candidate.share > 0.0:
        yield Named(split.candidate.live, "candidate")


def _on_trial(split: Split) -> Iterator[LiveRelease]:
    if split.candidate is not None:
        yield split.candidate.live
    if split.trial is not None:
        yield from split.trial.lives.values()
