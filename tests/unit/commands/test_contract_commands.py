"""`platform contract`: what is promised, what would change, and who has to move."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from platform_assets.clock import wall_now
from platform_assets.commands import contract as commands
from platform_assets.contract.product import Product
from platform_assets.lakehouse.publish import append_once
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.unit.commands.conftest import CommandLine
from tests.unit.contract.contract_samples import FIRST, second_version
from tests.unit.serving.conftest import Publisher, product_named
from tests.unit.serving.test_prediction_log import ENTRY

CHURN = product_named("churn")
WIDER = msgspec.structs.replace(CHURN, score=msgspec.structs.replace(CHURN.score, high=2.0))


def declare(monkeypatch: pytest.MonkeyPatch, product: Product) -> None:
    """Let the product file say something else."""
    monkeypatch.setattr(commands, "product_named", lambda _: product)


def told(command_line: CommandLine, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - any JSON
    ended = command_line("contract", *arguments, "--json")
    assert ended.code == code, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def test_the_contract_of_a_product_is_shown_before_anything_was_published(command_line: CommandLine) -> None:
    assert told(command_line, "show", "churn")["dataProduct"] == "churn"
    ended = command_line("contract", "show", "churn")
    assert ended.code == 0
    assert CHURN.score.meaning in ended.stdout


def test_every_contract_is_exported_as_one_file(command_line: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "contracts"
    out.mkdir()
    written = told(command_line, "export", "--out", str(out))
    assert sorted(written) == sorted(str(out / f"{product.name}.odcs.yaml") for product in discover_products())
    document = yaml.safe_load((out / "churn.odcs.yaml").read_text(encoding="utf-8"))
    assert document == told(command_line, "show", "churn")
    assert command_line("contract", "export", "--out", str(tmp_path / "none")).code == 2


def test_the_types_of_the_keys_are_those_of_the_published_file(command_line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "lake" / "published" / "parking_demand.parquet"
    path.parent.mkdir(parents=True)
    instant = pa.array([dt.datetime(2016, 12, 1, tzinfo=dt.UTC)], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"parking_bay_id": ["BHM"], "target_at": instant}), path)
    (schema,) = told(command_line, "show", "parking_demand")["schema"]
    types = {column["name"]: column["physicalType"] for column in schema["properties"]}
    assert (types["parking_bay_id"], types["target_at"]) == ("string", "timestamp")


def test_a_product_file_that_breaks_its_readers_ends_in_1_and_names_the_break(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Publisher(tmp_path).publish("churn")
    assert told(command_line, "diff", "churn")["changes"] == []
    declare(monkeypatch, WIDER)
    found = told(command_line, "diff", "churn", code=1)
    assert found["problems"] == ["score.high rises from 1 to 2"]
    ended = command_line("contract", "diff", "churn")
    assert (ended.code, "breaking" in ended.stdout) == (1, True)


def test_the_next_version_breaks_nobody_and_says_what_is_different(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = Publisher(tmp_path).publish("churn")
    declare(monkeypatch, second_version(CHURN))
    found = told(command_line, "diff", "churn", "--release", release.release_id)
    assert (found["problems"], found["from_version"], found["to_version"]) == ([], 1, 2)
    assert "request.channel" in {one["field"] for one in found["changes"] if one["kind"] == "breaking"}


def test_a_diff_without_a_release_says_that_there_is_none(command_line: CommandLine) -> None:
    assert told(command_line, "diff", "churn", code=1)["error"]["code"] == "no_release"


def test_the_readers_of_every_version_are_told_with_what_the_endpoint_answered(
    command_line: CommandLine, tmp_path: Path
) -> None:
    entries = [
        msgspec.structs.replace(
            ENTRY, prediction_id=f"p{version}", output_schema_version=version, predicted_at=wall_now()
        )
        for version in (1, 2)
    ]
    table = Settings(home=tmp_path).prediction_log_dir
    append_once(table, log_rows(entries), app_id="log", version=1, partition_by=PARTITIONS, metadata={}, fsync=False)
    found = told(command_line, "readers", "churn")
    assert {one["consumer"] for one in found["declared"]} >= {"marketing_automation", "retention_desk"}
    assert [(one["version"], one["answers"]) for one in found["observed"]] == [(1, 1), (2, 1)]
    assert "retention_desk" not in command_line("contract", "readers", "clv").stdout.partition("Answered of")[2]


def test_a_reader_of_a_version_that_is_gone_ends_in_1(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, second_version(CHURN))
    monkeypatch.setattr(commands, "wall_now", lambda: FIRST.deprecated_at)
    assert {one["state"] for one in told(command_line, "readers", "churn")["declared"]} == {"deprecated"}
    monkeypatch.setattr(commands, "wall_now", lambda: FIRST.sunset_at)
    assert {one["state"] for one in told(command_line, "readers", "churn", code=1)["declared"]} == {"retired"}
    assert "too late" in command_line("contract", "readers", "churn").stdout
