"""A real Prometheus scrapes a real endpoint with its own key, and understands every rule and every panel."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml

from platform_assets.access.own_keys import own_headers
from platform_assets.clock import wall_now
from platform_assets.contract.shown_figures import SHOWN_FAMILIES, ShownFile, ShownValue
from platform_assets.processes.access_home import prepare_access
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.integration.alert_rule_cases import CASES
from tests.integration.endpoint_servers import Served, served
from tests.integration.prometheus_server import Prometheus, hurry, needs_prometheus, prometheus, promtool, wait_until
from tests.unit.serving.conftest import Publisher, product_named

pytestmark = needs_prometheus
CALLS = 30
COLUMNS = product_named("churn").stored_columns
OTHER_PRODUCTS = tuple(
    f"platform-product-{product.name.replace('_', '-')}: " for product in discover_products() if product.name != "churn"
)
MAY_BE_SILENT = {
    "platform-endpoint: GPU",
    "platform-cost: The endpoint per hour",  # its GPUs
    "platform-endpoint: Refused per second",
    "platform-endpoint: Engines",
    "platform-endpoint: Not written",
    "platform-endpoint: Workers",
    "platform-endpoint: Circuit breakers",
    "platform-product-churn: Releases under way",
    "platform-product-churn: Degraded",
}
NEW_KEY = ("--role", "scraper", "--for", "prometheus", "--json")
EXAMPLES = {"product": "churn", "mode": "online", "currency": "EUR", "state": "broken", "severity": "severe"}


@dataclass(frozen=True)
class Scraped:
    """An endpoint that is scraped, the files of its Prometheus, and the home of its platform."""

    server: Prometheus
    files: Path
    home: Settings
    endpoint: Served


def platform(home: Path, *arguments: str) -> str:
    environment = {**os.environ, "PLATFORM_HOME": str(home), "PLATFORM_FSYNC": "off", "PLATFORM_ACCESS": "on"}
    command = [sys.executable, "-m", "platform_assets.cli", *arguments]
    done = subprocess.run(command, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def show_examples(home: Settings) -> None:
    """Leave one value of each metric that others work out, as of now."""
    home.figures_dir.mkdir()
    for name, families in SHOWN_FAMILIES.items():
        values = [
            ShownValue(each.name, tuple(EXAMPLES.get(label, "data_age") for label in each.labels), 1.0)
            for each in families
        ]
        file = ShownFile(written_at=wall_now().timestamp(), values=values)
        (home.figures_dir / name).write_bytes(msgspec.json.encode(file))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("written")
    platform(directory, "dashboards", "write", str(directory))
    return directory / "prometheus"


@pytest.fixture
def scraped(online_store: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scraped]:
    monkeypatch.setenv("PLATFORM_ACCESS", "on")
    Publisher(online_store.home).publish("churn")
    prepare_access(online_store)
    show_examples(online_store)
    # Before the endpoint: each of its workers takes a new key into force when it looks next.
    made = platform(online_store.home, "access", "keys", "create", *NEW_KEY)
    files = tmp_path / "monitoring"
    with ExitStack() as stack:
        log = tmp_path / "endpoint.log"
        endpoint = stack.enter_context(served(online_store, log, workers=2, has_open_metrics=False))
        target = f"127.0.0.1:{endpoint.port}"
        platform(online_store.home, "dashboards", "write", str(files), "--target", target)
        (files / "prometheus" / "platform.key").write_text(json.loads(made)["key"])
        hurry(files / "prometheus")
        server = stack.enter_context(prometheus(files / "prometheus", tmp_path / "data"))
        yield Scraped(server, files, online_store, endpoint)


def call(scraped: Scraped) -> None:
    headers, width = own_headers(scraped.home, "me"), len(COLUMNS)
    with httpx.Client(base_url=scraped.endpoint.url, headers=headers, timeout=30.0) as client:
        for entity in range(CALLS):
            values = [float(entity % 20), *range(1, width)]  # some rows come again: the cache has them
            features = {"customer_id": str(entity), **dict(zip(COLUMNS, values, strict=True))}
            assert client.post("/v1/predict", json={"model": "churn", "features": features}).status_code == 200


def panel_expressions(files: Path) -> Iterator[tuple[str, str]]:
    """Yield every question of every panel, its variables filled in as Grafana would."""
    for path in sorted((files / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                asked = target["expr"].replace("$__rate_interval", "1m").replace("$feature", "order_count")
                yield f"{path.stem}: {panel['title']}", asked


def test_promtool_finds_nothing_wrong_with_rules_and_configuration(written: Path) -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(written / "platform.rules.yml"))
    (written / "platform.key").write_text("a key")
    promtool("check", "config", str(written / "prometheus.yml"))


def test_prometheus_scrapes_with_its_key_and_answers_every_panel_and_rule(scraped: Scraped, tmp_path: Path) -> None:
    server, log = scraped.server, tmp_path / "data.log"
    wait_until(lambda: server.ask('up{job="platform"} == 1') != [], log)
    answered = 'sum(platform_product_request_seconds_count{product="churn"})'
    for times in (1, 2):  # a rate needs two values
        call(scraped)
        wait_until(lambda: [one["value"][1] for one in server.ask(answered)] == [str(times * CALLS)], log)  # noqa: B023
    wait_until(lambda: all(rule["health"] == "ok" for rule in rules(server)), log)
    assert len(rules(server)) > 40
    asked = list(panel_expressions(scraped.files))
    answers = {(panel, expr): server.ask(expr) for panel, expr in asked}
    assert len(asked) > 70
    silent = {panel for (panel, _), answer in answers.items() if not answer}
    # All others speak: there is no GPU, no rollout, and nothing that went wrong.
    assert {panel for panel in silent if not panel.startswith(OTHER_PRODUCTS)} <= MAY_BE_SILENT


def rules(server: Prometheus) -> list[dict[str, Any]]:
    return [rule for group in server.get("rules")["groups"] for rule in group["rules"]]


def test_a_broken_promise_that_the_watch_left_is_an_alert_that_waits(scraped: Scraped, tmp_path: Path) -> None:
    broken = {"alertname": "PlatformPromiseBroken", "product": "churn", "promise": "data_age"}

    def is_pending() -> bool:
        told = scraped.server.get("alerts")["alerts"]
        return any(broken.items() <= one["labels"].items() and one["state"] == "pending" for one in told)

    wait_until(is_pending, tmp_path / "data.log")


def test_the_key_of_prometheus_opens_nothing_but_the_metrics(scraped: Scraped) -> None:
    key = (scraped.files / "prometheus" / "platform.key").read_text()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=scraped.endpoint.url, headers=headers, timeout=30.0) as client:
        seen = [client.get(path).status_code for path in ("/metrics", "/health", "/v1/products", "/v1/rollouts/churn")]
        asked = client.post("/v1/predict?model=churn", json={"entities": ["1"]}).status_code
    assert (seen, asked) == ([200, 403, 403, 403], 403)
    assert httpx.get(f"{scraped.endpoint.url}/metrics").status_code == 401


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_when_it_should_and_only_then(written: Path, name: str) -> None:
    case, rules = CASES[name], yaml.safe_load((written / "platform.rules.yml").read_text())
    kept = [group for group in rules["groups"] if "-churn" in group["name"] or group["name"].count("-") == 1]
    kept += [group for group in rules["groups"] if group["name"] == "platform-bad-shares"]
    for rule in (rule for group in kept for rule in group["rules"]):
        rule.pop("annotations", None)  # the words of an alert are no part of whether it fires
    directory = written / "cases"
    directory.mkdir(exist_ok=True)
    (directory / "rules.yml").write_text(yaml.safe_dump({"groups": kept}))
    test = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [case]}
    (directory / "test.yml").write_text(yaml.safe_dump(test))
    promtool("test", "rules", str(directory / "test.yml"))
