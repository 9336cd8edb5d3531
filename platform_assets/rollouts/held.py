"""Whether a release may get more traffic while promotions are held: a newer one not, an older one is a way back."""

import datetime as dt
from pathlib import Path

from platform_assets.errors import BundleError
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.inference.promotion_hold import read_holds, require_not_held
from platform_assets.inference.release import read_release


def require_way(releases_dir: Path, product: str, live: LivePointer, release_id: str, *, at: dt.datetime) -> None:
    """Raise PromotionHeldError where a release is a step forward and promotions are held.

    A version that is older than the one in force is a way back, and so is every one when that cannot even be read.
    """
    if not _is_way_back(releases_dir, product, live, release_id):
        require_not_held(product, read_holds(releases_dir, product), at)


def _is_way_back(releases_dir: Path, product: str, live: LivePointer, release_id: str) -> bool:
    try:
        in_force = read_release(releases_dir, product, live.release_id)
    except BundleError:
        return True
    try:
        return read_release(releases_dir, product, release_id).model_version < in_force.model_version
    except BundleError:
        return False  # whoever moves the pointer says what is wrong with it
