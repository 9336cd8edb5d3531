"""Which replaced releases go on answering for earlier versions of the output's contract, until the sunset of each."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from platform_assets.contract.versions import EarlierVersion, earlier_version
from platform_assets.errors import BundleError
from platform_assets.inference.release import read_release


def contracts_to_keep(
    releases_dir: Path, product: str, *, by: str, replaced: Iterable[str]
) -> Iterator[tuple[str, EarlierVersion]]:
    """Yield the last release of each earlier version that the release `by` names, of those that were `replaced`.

    `replaced` begins with the release that was in force until now. One that cannot be read is no obstacle to a move: it
    could answer nobody.
    """
    found: set[int] = set()
    earlier = read_release(releases_dir, product, by).earlier_versions
    for release_id in replaced if earlier else ():
        with suppress(BundleError, OSError):
            version = read_release(releases_dir, product, release_id).contract_version
            if version not in found and (told := earlier_version(earlier, version)) is not None:
                found.add(version)
                yield release_id, told
