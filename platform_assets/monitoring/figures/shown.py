"""Leaves what was observed or worked out where the endpoint shows it at /metrics."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable

import msgspec

from platform_assets.contract import shown_figures as shown
from platform_assets.contract.shown_figures import ShownFamily, ShownFile, ShownValue
from platform_assets.inference.durable import write_file
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import incidents
from platform_assets.ledger.promises import promise_standings
from platform_assets.settings import Settings


def show_promises(settings: Settings, ledger: Ledger, at: dt.datetime) -> None:
    """Show how many subjects of each promise are in which state, and the incidents that are open."""
    standings = Counter((one.product, one.promise, one.state) for one in promise_standings(ledger))
    found = Counter((one.product, one.severity) for one in incidents(ledger))
    values = [
        *(ShownValue(shown.PROMISES.name, labels, number) for labels, number in sorted(standings.items())),
        *(ShownValue(shown.OPEN_INCIDENTS.name, labels, number) for labels, number in sorted(found.items())),
    ]
    write_shown(settings, shown.PROMISES_FILE, values, at)


def value_of(family: ShownFamily, value: float | None, *labels: str) -> Iterable[ShownValue]:
    """Yield one value, nothing where it is not known."""
    if value is not None:
        yield ShownValue(family.name, labels, value)


def write_shown(settings: Settings, name: str, values: Iterable[ShownValue], at: dt.datetime) -> None:
    """Replace one file of figures as a whole."""
    settings.figures_dir.mkdir(parents=True, exist_ok=True)
    content = msgspec.json.encode(ShownFile(written_at=at.timestamp(), values=list(values)))
    write_file(settings.figures_dir / name, content, fsync=False)  # it is written again within a minute or a day
