"""The one release that answers all rows of a job, however often the live pointer moves meanwhile."""

from platform_assets.errors import PlatformError, UnknownProductError
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.serving.jobs.record import JobSpec
from platform_assets.serving.live_release import LiveRelease, load_release
from platform_assets.serving.releases import Releases
from platform_assets.serving.traffic.split import Split
from platform_assets.settings import Settings


class PinnedRelease(Releases):
    """Releases that hold a single one: of a pointer nothing counts but that its product is switched off."""

    def __init__(self, settings: Settings, live: LiveRelease) -> None:
        """Hold a release."""
        super().__init__(home=settings.home, releases_dir=settings.releases_dir)
        self._live = live

    def current(self, product: str) -> LiveRelease:
        """Return the release of the job."""
        if product != self._live.product.name:
            raise UnknownProductError(product=product, known=self._live.product.name)
        return self._live

    def split(self, product: str) -> Split | None:
        """Return who answers while the product is switched off, as its pointer says now; else None."""
        try:
            pointer = read_live(self.pointers.releases_dir, product)
        except (PlatformError, OSError):  # it cannot be read now: the job goes on as it began
            return None
        return None if pointer is None or pointer.off is None else Split(control=self._live, off=pointer.off)


def load_pinned(settings: Settings, spec: JobSpec) -> LiveRelease:
    """Return the release that a job was submitted for; raises the BundleError of what is wrong with it."""
    pointer = LivePointer(release_id=spec.release_id, sequence=0, moved_at=spec.created_at)
    live = load_release(settings.home, settings.releases_dir, spec.product, pointer)
    if live is None:
        raise UnknownProductError(product=spec.product, known="none")
    return live
