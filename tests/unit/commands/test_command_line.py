"""What every command keeps: exit codes, one JSON document on stdout, errors without a traceback."""

import json
from pathlib import Path

import pytest

from platform_assets.products._discovery import discover_products
from tests.unit.commands.conftest import CommandLine


@pytest.mark.parametrize("product", [product.name for product in discover_products()])
def test_explain_tells_every_derived_name_of_a_product(command_line: CommandLine, product: str) -> None:
    ended = command_line("explain", product, "--json")
    told = json.loads(ended.stdout)
    assert ended.code == 0
    assert f"{product}/model" in told["Dagster"]["assets"]
    assert told["Storage"]["registered models"] == [f"{product}_preprocessor", f"{product}_model"]


def test_explain_for_people_shows_meaning_and_gates(command_line: CommandLine) -> None:
    shown = command_line("explain", "churn").stdout
    assert "auc" in shown
    assert "at most 192 h old" in shown


def test_a_product_that_is_not_served_has_no_routes(command_line: CommandLine) -> None:
    told = json.loads(command_line("explain", "clv", "--json").stdout)
    assert told["Online"] == {"served": "no: the product file has no online block"}
    assert "clv/endpoint" not in told["Dagster"]["assets"]


def test_an_unknown_product_is_an_error_without_a_traceback(command_line: CommandLine) -> None:
    ended = command_line("explain", "weather")
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("unknown_product: product 'weather' is not known; known: cancellation_risk, churn")
    assert "Traceback" not in ended.stderr


def test_an_error_is_json_as_well_when_json_was_asked_for(command_line: CommandLine) -> None:
    ended = command_line("explain", "weather", "--json")
    assert ended.code == 1
    assert json.loads(ended.stdout)["error"]["code"] == "unknown_product"


@pytest.mark.parametrize("arguments", [("explain",), ("no-such-command",), ("status", "--colour")])
def test_wrong_usage_ends_with_two_and_an_empty_stdout(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = command_line(*arguments)
    assert (ended.code, ended.stdout) == (2, "")


def test_a_wrong_setting_is_an_error_that_names_the_variable(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_CLOCK", "yesterday")
    ended = command_line("status")
    assert ended.code == 1
    assert "PLATFORM_CLOCK='yesterday'" in ended.stderr


def test_a_defect_is_told_with_its_traceback_and_an_exit_code(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.commands.status.product_statuses", lambda *_, **__: 1 / 0)
    ended = command_line("status")
    assert ended.code == 1
    assert "Traceback" in ended.stderr
    assert "unexpected_error: ZeroDivisionError" in ended.stderr


def test_status_of_an_empty_platform_creates_nothing(command_line: CommandLine, tmp_path: Path) -> None:
    ended = command_line("status", "--json")
    assert ended.code == 0
    assert {told["freshness"] for told in json.loads(ended.stdout)} == {"nothing published"}
    assert list(tmp_path.iterdir()) == []


def test_doctor_tells_what_to_do_about_each_part_that_is_down(command_line: CommandLine) -> None:
    ended = command_line("doctor", "--json")
    findings = json.loads(ended.stdout)
    assert ended.code == 1
    assert [finding["verdict"] for finding in findings] == ["problem"] * 6
    assert all("make up" in finding["remedy"] for finding in findings)


def test_check_finds_declarations_packages_and_ports_in_order(command_line: CommandLine) -> None:
    ended = command_line("check", "--json")
    findings = {finding["subject"]: finding for finding in json.loads(ended.stdout)}
    assert ended.code == 0, ended.stdout
    assert {product.name for product in discover_products()} <= set(findings)
    assert findings["packages"]["verdict"] == "ok"


def test_check_tells_which_server_of_others_is_away(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    ended = command_line("check", "--json")
    (store,) = [finding for finding in json.loads(ended.stdout) if finding["subject"] == "Online store"]
    assert ended.code == 1
    assert (store["verdict"], "REDIS_URL" in store["detail"]) == ("problem", True)


def test_predict_without_an_endpoint_says_how_to_start_it(command_line: CommandLine) -> None:
    ended = command_line("predict", "churn", "--entity", "13085")
    assert ended.code == 1
    assert "start it with `make up`" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--entity", "1", "--row", "{}"),
        ("--row", "{"),
        ("--row", "[]"),
    ],
)
def test_predict_refuses_a_request_that_cannot_be_meant(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = command_line("predict", "churn", *arguments)
    assert ended.code == 1
    assert ended.stderr.startswith("malformed_request: --")


def test_logs_shows_the_last_lines_of_a_service(command_line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "endpoint.log").write_text("one\ntwo\nthree\n")
    assert command_line("logs", "endpoint", "-n", "2").stdout == "two\nthree\n"
