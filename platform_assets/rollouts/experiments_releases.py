"""Which releases an experiment compares: names that a declaration can know become ids."""

import re
from pathlib import Path

import msgspec

from platform_assets.contract.experiments import Experiment
from platform_assets.errors import DigestMismatchError, InvalidExperimentError, NoReleaseError
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release

_ID = re.compile(r"[0-9a-f]{16}")
_VERSION = re.compile(r"v([1-9][0-9]*)")


def with_release_ids(releases_dir: Path, experiment: Experiment) -> Experiment:
    """Return the experiment with a stored release id for each variant.

    `live` is the release in force, `v3` the newest release of model version 3. Raises InvalidExperimentError for a
    variant whose release is not stored.
    """
    variants = tuple(
        msgspec.structs.replace(variant, release=_release_id(releases_dir, experiment, variant.name, variant.release))
        for variant in experiment.variants
    )
    return msgspec.structs.replace(experiment, variants=variants)


def _release_id(releases_dir: Path, experiment: Experiment, variant: str, named: str) -> str:
    found = _find(releases_dir, experiment.product, named)
    if found is None:
        raise InvalidExperimentError(
            experiment=experiment.id,
            where=f"variants.{variant}.release",
            problem=f"no stored release of {experiment.product!r} is {named!r}",
            remedy="Give a release id, `live`, or `v` with a model version; `platform releases list` shows them.",
        )
    return found


def _find(releases_dir: Path, product: str, named: str) -> str | None:
    if named == "live":
        live = read_live(releases_dir, product)
        return live.release_id if live else None
    if (match := _VERSION.fullmatch(named)) is not None:
        version = int(match[1])
        of_version = [one for one in _stored(releases_dir, product) if one.model_version == version]
        return max(of_version, key=lambda one: (one.created_at, one.release_id)).release_id if of_version else None
    try:
        return read_release(releases_dir, product, named).release_id if _ID.fullmatch(named) else None
    except (NoReleaseError, DigestMismatchError):
        return None


def _stored(releases_dir: Path, product: str) -> list[Release]:
    ids = [path.stem for path in (releases_dir / product).glob("*.json") if _ID.fullmatch(path.stem)]
    return [read_release(releases_dir, product, release_id) for release_id in ids]
