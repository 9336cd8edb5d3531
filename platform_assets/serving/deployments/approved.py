"""Which release a version stands for: the approved one that was stored last."""

from contextlib import suppress
from pathlib import Path

import msgspec

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import BundleError, DeploymentRefusedError, PlatformError, UnknownVersionError
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.inference.release import Release, read_release
from platform_assets.serving.live_release import load_release
from platform_assets.settings import Settings

_ID_PATTERN = "[0-9a-f]" * 16


def approved_release(settings: Settings, product: str, version: int) -> Release:
    """Return the newest stored release of a version; approval alone stores one.

    Raises UnknownVersionError, and DeploymentRefusedError for a version that was trained and is not approved.
    """
    stored = _stored_releases(settings.releases_dir, product)
    found = [release for release in stored if release.model_version == version]
    if found:
        return max(found, key=lambda release: release.created_at)
    if (settings.bundles_dir / product / str(version)).is_dir():
        raise DeploymentRefusedError(
            product=product, version=version, problem="it is trained and not approved", remedy="Let it be approved"
        )
    known = sorted({release.model_version for release in stored})
    raise UnknownVersionError(product=product, version=version, known=", ".join(map(str, known)))


def plan_of(settings: Settings, release: Release, live: LivePointer) -> RolloutPlan:
    """Return the rollout plan that a release declares, once it was loaded, verified and smoke-tested here (R362).

    Raises DeploymentRefusedError for one that cannot answer.
    """
    candidate = msgspec.structs.replace(live, release_id=release.release_id)
    try:
        loaded = load_release(settings.home, settings.releases_dir, release.product, candidate)
    except (PlatformError, OSError) as error:
        problem, remedy = f"it cannot be loaded ({error})", "Train and approve another version"
    else:
        if loaded is not None and loaded.product.online is not None:
            return loaded.product.online.rollout
        problem, remedy = "it was released for batch only", "Declare an online block and release it again"
    raise DeploymentRefusedError(product=release.product, version=release.model_version, problem=problem, remedy=remedy)


def _stored_releases(releases_dir: Path, product: str) -> list[Release]:
    found = []
    for path in (releases_dir / product).glob(f"{_ID_PATTERN}.json"):
        with suppress(BundleError):  # a damaged file stands for no version, and for no other's refusal
            found.append(read_release(releases_dir, product, path.stem))
    return found
