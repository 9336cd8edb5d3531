"""Rules and dashboards follow from the declarations, and ask for nothing that the endpoint does not tell."""

import json
import re
from collections.abc import Iterator

import msgspec
import pytest
import yaml

from platform_assets.contract.latency_bounds import SECONDS, bound_within
from platform_assets.contract.product import Product
from platform_assets.contract.slas import Objective, OnlineSla
from platform_assets.cost_settings import CostSettings
from platform_assets.monitoring.dashboards.rule_words import Alert, RecordedRule
from platform_assets.monitoring.dashboards.rules import rule_groups
from platform_assets.monitoring.dashboards.write import files_of
from platform_assets.products._discovery import discover_products
from tests.unit.docs.test_metrics_page import declared

PRODUCTS = discover_products()
CHURN = next(product for product in PRODUCTS if product.name == "churn")
FILES = files_of(PRODUCTS, CostSettings(), targets=["127.0.0.1:8000"], has_key=True)
BOARDS = {name: json.loads(text) for name, text in FILES.items() if name.endswith(".json")}
NAME = re.compile(r"(?<![\w:])platform_\w+")
RECORDED = re.compile(r"product:platform_\w+:\w+")


def alerts(product: Product) -> list[Alert]:
    every = [rule for group in rule_groups([product]) for rule in group.rules if isinstance(rule, Alert)]
    return [rule for rule in every if rule.labels.get("product") == product.name]


def alert(product: Product, name: str) -> Alert:
    return next(one for one in alerts(product) if one.alert == name)


def expressions() -> Iterator[str]:
    for group in rule_groups(PRODUCTS):
        yield from (rule.expr for rule in group.rules)
    for board in BOARDS.values():
        yield from (target["expr"] for panel in board["panels"] for target in panel.get("targets", ()))
        yield from (each["query"]["query"] for each in board["templating"]["list"] if each["type"] == "query")


def with_online(**changes: object) -> Product:
    assert CHURN.online is not None
    return msgspec.structs.replace(CHURN, online=msgspec.structs.replace(CHURN.online, **changes))


def test_every_metric_that_a_rule_or_panel_asks_for_is_one_that_the_endpoint_tells() -> None:
    told = {
        *declared(),
        *(f"{name}_total" for name in declared()),
        *(f"{name}_{part}" for name in declared() for part in ("bucket", "count", "sum")),
    }
    asked = {name for expression in expressions() for name in NAME.findall(RECORDED.sub("", expression))}
    assert len(asked) > 40
    assert asked <= told


def test_every_recorded_name_that_an_alert_asks_for_is_recorded() -> None:
    rules = [rule for group in rule_groups(PRODUCTS) for rule in group.rules]
    kept = {rule.record for rule in rules if isinstance(rule, RecordedRule)}
    assert {name for rule in rules for name in RECORDED.findall(rule.expr)} == kept


def test_every_product_that_is_served_has_its_dashboard_and_its_alerts_name_it_and_its_team() -> None:
    for product in PRODUCTS:
        uid = f"platform-product-{product.name.replace('_', '-')}"
        assert (f"grafana/dashboards/{uid}.json" in FILES) == (product.online is not None)
        if product.online is not None:
            assert {one.labels["team"] for one in alerts(product)} == {product.online.owner.team}


def test_the_targets_of_a_product_are_the_limits_of_its_alerts() -> None:
    product = with_online(latency_p95_ms=30.0, latency_p99_ms=70.0)
    assert alert(product, "PlatformLatencyP95AboveTarget").expr.endswith("> 0.03")
    assert alert(product, "PlatformLatencyP99AboveTarget").expr.endswith("> 0.07")
    slow = alert(product, "PlatformSlowAnswers")  # paged, whatever the targets are
    assert (slow.expr[-5:], slow.wait, slow.severity) == ("> 0.2", "10m", "page")


def test_a_budget_burns_at_the_rates_that_follow_from_its_window_and_target() -> None:
    sla = OnlineSla(objectives=(Objective(measure="error_rate", target_ratio=0.99),), window_days=30)
    burning = [one for one in alerts(with_online(sla=sla)) if one.alert == "PlatformErrorBudgetBurns"]
    limits = [(one.labels["window"], re.findall(r">= ([\d.]+)", one.expr), one.severity) for one in burning]
    assert limits == [
        ("1h", ["0.144", "0.144", "3"], "page"),
        ("6h", ["0.06", "0.06", "3"], "page"),
        ("3d", ["0.01", "0.01", "3"], "ticket"),
    ]


@pytest.mark.parametrize(("limit", "bound"), [(100.0, 0.1), (119.0, 0.1), (120.0, 0.12), (0.01, SECONDS[0])])
def test_what_is_promised_of_latency_is_counted_at_the_bound_below_it(limit: float, bound: float) -> None:
    assert bound_within(limit) == bound


def test_a_declared_rule_that_waits_is_an_alert_that_waits_and_says_what_to_do() -> None:
    shift = alert(CHURN, "PlatformScoreShift")
    assert 'promise="rule_score_shift",state="broken"' in shift.expr
    assert shift.next_step.startswith("retrain: ")
    drift = alert(CHURN, "PlatformFeatureDrift")
    assert ('state="at_risk"' in drift.expr, drift.severity) == (True, "ticket")


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_has_panels_side_by_side_each_with_a_question_and_words(name: str) -> None:
    board = BOARDS[name]
    assert name == f"grafana/dashboards/{board['uid']}.json"
    assert len(board["uid"]) <= 40  # Grafana's limit
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not taken & cells
        taken |= cells
        assert panel["type"] == "row" or (panel["targets"] and panel["description"])
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_same_declarations_give_the_same_files_and_prices_are_in_the_questions() -> None:
    again = files_of(PRODUCTS, CostSettings(), targets=["127.0.0.1:8000"], has_key=True)
    assert again == FILES
    dear = files_of(PRODUCTS, CostSettings(currency="USD", cpu_core_hour=0.37), targets=["a:1"], has_key=True)
    assert "* 0.37" in dear["grafana/dashboards/platform-cost.json"]
    assert "Costs in USD" in dear["grafana/dashboards/platform-cost.json"]


def test_prometheus_reads_its_key_from_a_file_and_none_where_access_is_open() -> None:
    scrape = yaml.safe_load(FILES["prometheus/prometheus.yml"])["scrape_configs"][0]
    assert scrape["authorization"] == {"type": "Bearer", "credentials_file": "platform.key"}
    plain = files_of(PRODUCTS, CostSettings(), targets=["one:1", "two:2"], has_key=False)["prometheus/prometheus.yml"]
    scrape = yaml.safe_load(plain)["scrape_configs"][0]
    assert "authorization" not in scrape
    assert scrape["static_configs"] == [{"targets": ["one:1", "two:2"]}]


def test_grafana_finds_the_dashboards_and_its_source() -> None:
    provider = yaml.safe_load(FILES["grafana/provisioning/dashboards/platform.yml"])["providers"][0]
    source = yaml.safe_load(FILES["grafana/provisioning/datasources/platform.yml"])["datasources"][0]
    assert (provider["type"], source["type"], source["isDefault"]) == ("file", "prometheus", True)
