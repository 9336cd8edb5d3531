"""`platform read`: what is written to the file is what the access was decided by."""

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest

from platform_assets.contract.ages import Stamps
from platform_assets.published import rows
from platform_assets.published.rows import PublishedRows, write_published_file
from platform_assets.published.status import PublishedBatch
from platform_assets.settings import Settings
from tests.unit.commands.conftest import CommandLine
from tests.unit.serving.conftest import AS_OF, product_named

READ = ("--consumer", "retention_desk", "--purpose", "call_guidance")


def publish(home: Path, version: int) -> None:
    batch = PublishedBatch(
        product="clv",
        release_id="0123456789abcdef",
        model_version=version,
        revision=1,
        batch_digest=f"{version}" * 64,
        stamps=Stamps(as_of=AS_OF, published_at=AS_OF + dt.timedelta(hours=1)),
        output_version=version,
    )
    told = pa.table({"customer_id": ["13085"], "score": [10.5], "is_valid": [True]})
    write_published_file(Settings(home=home, fsync=False), product_named("clv"), told, batch)


def test_a_declared_consumer_gets_the_published_rows_and_is_told_their_version(
    command_line: CommandLine, tmp_path: Path
) -> None:
    publish(tmp_path, 1)
    ended = command_line("read", "clv", str(tmp_path / "out.csv"), *READ, "--json")
    assert (ended.code, json.loads(ended.stdout)["version"]) == (0, 1), ended.stderr
    assert "13085" in (tmp_path / "out.csv").read_text()


def test_a_batch_of_another_version_that_is_published_after_the_decision_is_not_handed_out(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, 1)
    really = rows.read_published_rows

    def read(*arguments: object, **options: object) -> PublishedRows:
        publish(tmp_path, 2)
        return really(*arguments, **options)  # type: ignore[arg-type] # those of what it stands for

    monkeypatch.setattr(rows, "read_published_rows", read)
    ended = command_line("read", "clv", str(tmp_path / "out.csv"), *READ)
    assert ended.code == 1
    assert "version 2 of clv/published_predictions is not granted" in ended.stderr
    assert not (tmp_path / "out.csv").exists()
