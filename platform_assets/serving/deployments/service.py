"""What the routes of deployments call: deploy, look, list. Files are touched in threads, never in the event loop."""

import asyncio
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import (
    AlreadyInForceError,
    DeploymentError,
    KeyReusedError,
    ModelUnusableError,
    NoReleaseError,
    ReleaseConflictError,
    RolloutStateError,
    UnknownDeploymentError,
)
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.inference.pointer_moves import read_moves
from platform_assets.inference.release import read_release
from platform_assets.rollouts import course
from platform_assets.rollouts.held import require_way
from platform_assets.rollouts.moves import Pointers, Word, begin
from platform_assets.serving.deployments.approved import approved_release, plan_of
from platform_assets.serving.deployments.asked_plan import asked_plan
from platform_assets.serving.deployments.history import Deployment, deployment_id, deployments
from platform_assets.serving.deployments.machine import require_machine
from platform_assets.serving.deployments.wire import DeployRequest
from platform_assets.settings import Settings

MOST_MOVES = 500  # of one product, looked through for its deployments: an older one is in the ledger
_KEY, _DIGEST = "idempotency_key", "request_digest"
_ID = re.compile(r"(?P<product>[a-z][a-z0-9_]{0,62})-(?P<release>[0-9a-f]{16})-(?P<sequence>[1-9][0-9]{0,9})")


def product_of(wanted: str) -> str | None:
    """Return the product that an id of a deployment names; None for what is no such id."""
    named = _ID.fullmatch(wanted)
    return named["product"] if named else None


class Seen(NamedTuple):
    """One deployment with its version, next to the pointer in force."""

    deployment: Deployment
    live: LivePointer
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and the key under which a repeated request is the same deployment."""

    subject: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Deployments:
    """The deployments of one platform, told by the live pointers and their kept moves alone."""

    settings: Settings
    wall: Callable[[], dt.datetime]

    async def deploy(self, product: str, request: DeployRequest, caller: Caller) -> str:
        """Begin a rollout and return the id of the deployment; the same key with the same request returns it again.

        Raises RequestError for what the caller can correct, NoReleaseError for a product without a release in force,
        AlreadyInForceError, RolloutStateError while a rollout is under way, PromotionHeldError as far as it is told
        beside the live pointer, ReleaseConflictError when somebody else moved first, DeploymentError when the move
        cannot be written.
        """
        return await asyncio.to_thread(self._deploy, product, request, caller)

    async def see(self, wanted: str) -> Seen:
        """Return one deployment next to the pointer in force; raises UnknownDeploymentError."""
        return await asyncio.to_thread(self._see, wanted)

    async def newest(self, limit: int, *, but: Collection[str] = ()) -> list[Seen]:
        """Return at most `limit` deployments of all products `but` some, newest first."""
        return await asyncio.to_thread(self._newest, limit, but)

    def _deploy(self, product: str, request: DeployRequest, caller: Caller) -> str:
        digest = hashlib.blake2b(msgspec.json.encode(request), digest_size=16).hexdigest()
        known = self._known(product, caller, digest)
        if known is not None:
            return known
        try:
            return self._begin(product, request, caller, digest)
        except (AlreadyInForceError, ReleaseConflictError, RolloutStateError):
            known = self._known(product, caller, digest)  # the same request may have come twice at once
            if known is None:
                raise
            return known

    def _begin(self, product: str, request: DeployRequest, caller: Caller, digest: str) -> str:
        live, at = self._live(product), self.wall()
        require_machine(self.settings, product, request)
        release = approved_release(self.settings, product, request.version_number)
        release_id = release.release_id
        # What the pointer refuses is refused before the costly test of the release.
        course.begun(product, live, release_id=release_id, plan=RolloutPlan(), rollout_id="", at=at)
        require_way(self.settings.releases_dir, product, live, release_id, at=at)
        plan = asked_plan(plan_of(self.settings, release, live), request.asked_traffic)
        word = Word(
            by=caller.subject,
            at=at,
            reason=request.reason or f"deployed by API: version {request.version_number}",
            evidence={"asked": msgspec.to_builtins(request), _KEY: caller.key, _DIGEST: digest},
        )
        pointers = Pointers(releases_dir=self.settings.releases_dir, fsync=self.settings.fsync)
        try:
            moved = begin(pointers, product, release_id=release_id, plan=plan, word=word)
        except OSError as error:
            reason = f"the move cannot be kept ({error.strerror})"
            raise DeploymentError(product=product, release=release_id, reason=reason) from error
        return deployment_id(product, release_id, moved.sequence)

    def _known(self, product: str, caller: Caller, digest: str) -> str | None:
        """Return the deployment that the caller's key has made; raises KeyReusedError where it was another request."""
        if caller.key is None:
            return None
        for found in self._of(product, self._live(product)):
            cause = found.begun.cause
            told = cause.evidence
            if (cause.by, told.get(_KEY)) == (caller.subject, caller.key):
                if told.get(_DIGEST) != digest:
                    raise KeyReusedError(made=f"deployment {found.deployment_id}")
                return found.deployment_id
        return None

    def _see(self, wanted: str) -> Seen:
        named = _ID.fullmatch(wanted)
        live = read_live(self.settings.releases_dir, named["product"]) if named else None
        if named is not None and live is not None:
            for found in self._of(named["product"], live):
                if found.deployment_id == wanted:
                    return self._seen(found, live)
        raise UnknownDeploymentError(deployment_id=wanted)

    def _newest(self, limit: int, but: Collection[str]) -> list[Seen]:
        directory = self.settings.releases_dir
        products = [path.name for path in directory.iterdir() if path.is_dir()] if directory.is_dir() else []
        found: list[tuple[Deployment, LivePointer]] = []
        for name in products:
            with suppress(ModelUnusableError):  # one whose moves cannot be read hides no other; `_see` tells why
                live = None if name in but else read_live(directory, name)
                found += [(each, live) for each in self._of(name, live)] if live else []
        found.sort(key=lambda pair: (pair[0].begun.at, pair[0].begun.sequence), reverse=True)
        return [self._seen(*pair) for pair in found[:limit]]

    def _of(self, product: str, live: LivePointer) -> list[Deployment]:
        """Return the deployments of a product that began in its last moves."""
        first = max(live.sequence - MOST_MOVES, 0)
        moves = read_moves(self.settings.releases_dir, product, after=max(first - 1, 0), up_to=live.sequence)
        return [found for found in deployments(moves, live) if found.begun.sequence > first]

    def _seen(self, found: Deployment, live: LivePointer) -> Seen:
        release = read_release(self.settings.releases_dir, found.begun.product, found.release_id)
        return Seen(found, live, release.model_version)

    def _live(self, product: str) -> LivePointer:
        live = read_live(self.settings.releases_dir, product)
        if live is None:
            raise NoReleaseError(product=product)
        return live
