"""docs/metrics.md and /metrics tell of the same metrics, with the same types and labels."""

import re
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from platform_assets.contract.shown_figures import SHOWN_FAMILIES, ShownFile, ShownValue
from platform_assets.serving.telemetry import metric_families as families
from platform_assets.serving.telemetry.exposition import render
from platform_assets.serving.telemetry.gpu_figures import GpuFigures
from platform_assets.serving.telemetry.metric_families import Family
from platform_assets.serving.telemetry.shown_files import SHOWN, WRITTEN, ShownFiles
from platform_assets.serving.telemetry.tallies import Tallies
from platform_assets.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "metrics.md").read_text()
ROW = re.compile(r"^\| `(platform_\w+)` \| (counter|gauge|histogram) \| (.*?) \| (.+?) \| (.+) \|$", re.MULTILINE)
UNITS = {"_timestamp_seconds": "seconds since 1970", "_seconds": "seconds", "_bytes": "bytes", "_ratio": "0 to 1"}
FORBIDDEN = {"entity", "entity_id", "customer_id", "user", "user_id", "request_id", "path", "subject"}


def declared() -> dict[str, Family]:
    every = [each for each in vars(families).values() if isinstance(each, Family)]
    every += [each for some in SHOWN.values() for each in some] + [WRITTEN]
    return {each.name: each for each in every}


def exposed(home: Path) -> dict[str, str]:
    """Return the type of every metric of an exposition that lacks nothing, by name as it is sent."""
    for name, some in SHOWN_FAMILIES.items():
        values = [ShownValue(each.name, each.labels, 1.0) for each in some]
        (home / name).write_bytes(msgspec.json.encode(ShownFile(1.0, values)))
    text = render(Tallies.empty(), [GpuFigures("0", 0.5, 1.0, 2.0)], ShownFiles(home).read()).decode()
    found = text_string_to_metric_families(text)
    return {each.name + "_total" * (each.type == "counter"): each.type for each in found}


def test_the_page_lists_every_metric_with_its_type_and_nothing_else(tmp_path: Path) -> None:
    listed = {name: kind for name, kind, *_ in ROW.findall(PAGE)}
    assert listed == exposed(tmp_path)
    assert len(listed) == len(ROW.findall(PAGE)) == len(declared())


def test_the_page_lists_the_labels_of_every_metric() -> None:
    listed = {
        name.removesuffix("_total"): tuple(re.findall(r"`(\w+)`", labels)) for name, _, labels, *_ in ROW.findall(PAGE)
    }
    assert listed == {name: each.labels for name, each in declared().items()}


def test_the_unit_of_a_metric_is_the_end_of_its_name() -> None:
    for name, _, _, unit, _ in ROW.findall(PAGE):
        ending = next((end for end in UNITS if name.removesuffix("_total").endswith(end)), None)
        assert (ending is None) == (unit not in UNITS.values()), name
        assert ending is None or UNITS[ending] == unit, name


@pytest.mark.parametrize("family", declared().values(), ids=lambda family: family.name)
def test_no_label_can_hold_what_a_caller_sends(family: Family) -> None:
    assert not set(family.labels) & FORBIDDEN
    assert family.name.startswith("platform_")
    assert not family.name.endswith("_total")
