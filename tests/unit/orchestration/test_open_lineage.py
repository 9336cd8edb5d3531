"""Lineage events: each run once, what it made of which versions, its checks, its failure; nothing is lost between."""

import json
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
import jsonschema_rs
import pytest

from platform_assets.orchestration.open_lineage.sensor import lineage_sensor
from platform_assets.settings import Settings

# What the standard requires of a run event and of every facet, in version 2-0-2.
FACETS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["_producer", "_schemaURL"],
        "properties": {
            "_producer": {"type": "string", "format": "uri"},
            "_schemaURL": {"type": "string", "format": "uri"},
        },
    },
}
NAMED = {"namespace": {"type": "string"}, "name": {"type": "string"}, "facets": FACETS}
DATASET = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {**NAMED, "inputFacets": FACETS, "outputFacets": FACETS},
}
RUN_EVENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventTime": {"type": "string", "format": "date-time"},
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "producer": {"type": "string", "format": "uri"},
        "schemaURL": {"type": "string", "format": "uri"},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}, "facets": FACETS},
        },
        "job": {"type": "object", "required": ["namespace", "name"], "properties": NAMED},
        "inputs": {"type": "array", "items": DATASET},
        "outputs": {"type": "array", "items": DATASET},
    },
}

Event = dict[str, Any]


@dg.asset
def orders() -> dg.MaterializeResult:  # type: ignore[type-arg]
    return dg.MaterializeResult(data_version=dg.DataVersion("sha-of-orders"))


@dg.asset(deps=[orders], check_specs=[dg.AssetCheckSpec("not_empty", asset="features")])
def features() -> dg.MaterializeResult:  # type: ignore[type-arg]
    return dg.MaterializeResult(
        data_version=dg.DataVersion("features-1"),
        metadata={"dagster/row_count": 12},
        check_results=[dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)],
    )


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["2011-12-10"]))
def scores() -> None:
    message = "no room on the disk"
    raise OSError(message)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def ticked(settings: Settings, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    told = lineage_sensor(settings)(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(told, dg.SensorResult)
    return told


def told_in_file(settings: Settings) -> list[Event]:
    return [json.loads(line) for line in settings.lineage_file.read_text().splitlines()]


def of_job(events: list[Event], name: str) -> dict[str, Event]:
    return {event["eventType"]: event for event in events if event["job"]["name"] == name}


def materialized(instance: dg.DagsterInstance, *assets: dg.AssetsDefinition, partition: str | None = None) -> str:
    return dg.materialize(assets, instance=instance, partition_key=partition, raise_on_error=False).run_id


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_an_asset_is_told_with_its_version_its_rows_and_the_versions_it_was_made_from(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    run_id = materialized(instance, orders, features)
    ticked(settings, instance)
    made = of_job(told_in_file(settings), "features")
    assert set(made) == {"START", "COMPLETE"}
    (given,), (output,) = made["COMPLETE"]["inputs"], made["COMPLETE"]["outputs"]
    assert (given["name"], given["facets"]["version"]["datasetVersion"]) == ("orders", "sha-of-orders")
    assert output["facets"]["version"]["datasetVersion"] == "features-1"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 12
    assert made["COMPLETE"]["run"]["facets"]["parent"]["run"]["runId"] == run_id


def test_a_check_is_told_with_what_it_said(settings: Settings, instance: dg.DagsterInstance) -> None:
    materialized(instance, orders, features)
    ticked(settings, instance)
    (checked,) = of_job(told_in_file(settings), "features:checks")["COMPLETE"]["inputs"]
    (assertion,) = checked["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert (assertion["assertion"], assertion["success"], assertion["severity"]) == ("not_empty", False, "warn")


def test_a_run_that_failed_is_told_with_the_reason_and_made_nothing(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    run_id = materialized(instance, scores, partition="2011-12-10")
    ticked(settings, instance)
    events = told_in_file(settings)
    assert [event["eventType"] for event in events] == ["START", "FAIL"]
    assert {event["run"]["runId"] for event in events} == {run_id}
    assert "no room on the disk" in events[-1]["run"]["facets"]["errorMessage"]["message"]


def test_every_event_is_what_the_standard_requires(settings: Settings, instance: dg.DagsterInstance) -> None:
    materialized(instance, orders, features)
    materialized(instance, scores, partition="2011-12-10")
    ticked(settings, instance)
    validator = jsonschema_rs.validator_for(RUN_EVENT, validate_formats=True)
    events = told_in_file(settings)
    assert len(events) == 10
    assert [str(error) for event in events for error in validator.iter_errors(event)] == []
    assert not validator.is_valid({**events[0], "run": {"runId": "no uuid"}})


def test_a_run_is_told_once_and_a_later_one_at_a_later_tick(settings: Settings, instance: dg.DagsterInstance) -> None:
    materialized(instance, orders)
    first = ticked(settings, instance)
    again = ticked(settings, instance, first.cursor)
    before = len(told_in_file(settings))
    materialized(instance, orders)
    ticked(settings, instance, again.cursor)
    assert (before, len(told_in_file(settings))) == (4, 8)


def test_the_same_run_gives_the_same_events_whoever_tells_it(settings: Settings, instance: dg.DagsterInstance) -> None:
    materialized(instance, orders, features)
    ticked(settings, instance)
    once = told_in_file(settings)
    ticked(settings, instance)
    assert told_in_file(settings) == [*once, *once]
    assert all(uuid.UUID(event["run"]["runId"]) for event in once)


def catalogue(taken: list[Event]) -> type[BaseHTTPRequestHandler]:
    class Catalogue(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/api/v1/lineage"
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Catalogue


def test_a_catalogue_that_is_away_gets_the_run_once_it_is_back(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    materialized(instance, orders)
    server = ThreadingHTTPServer(("127.0.0.1", 0), catalogue([]))
    url = f"http://127.0.0.1:{server.server_port}"
    server.server_close()
    to_catalogue = Settings(home=settings.home, openlineage_url=url)
    away = ticked(to_catalogue, instance)
    assert away.skip_reason is not None
    assert "PLATFORM_OPENLINEAGE_URL" in (away.skip_reason.skip_message or "")
    taken: list[Event] = []
    server = ThreadingHTTPServer(("127.0.0.1", int(url.rsplit(":", 1)[1])), catalogue(taken))
    thread = Thread(target=server.serve_forever)
    thread.start()
    ticked(to_catalogue, instance, away.cursor)
    server.shutdown()
    thread.join()
    server.server_close()
    assert [event["eventType"] for event in taken] == ["START", "COMPLETE"] * 2
