"""What a gateway tells HAProxy, and which arguments it takes."""

import argparse
import socket
from pathlib import Path

import pytest

from platform_assets.errors import MissingToolError, PortTakenError
from platform_assets.serving.gateway import process
from platform_assets.serving.gateway.backends import Backend, Policy, read_port
from platform_assets.serving.gateway.configuration import GatewayPlan, configuration
from platform_assets.serving.gateway.process import find_haproxy, serve

BACKENDS = [Backend("127.0.0.1", 8001), Backend("endpoint.example", 8002)]


def lines(policy: Policy = "round_robin") -> list[str]:
    text = configuration(GatewayPlan(port=8080, backends=BACKENDS, policy=policy))
    return [line.strip() for line in text.splitlines()]


def test_the_gateway_listens_on_loopback_only_and_knows_every_endpoint() -> None:
    told = lines()
    assert [line for line in told if line.startswith("bind ")] == ["bind 127.0.0.1:8080"]
    servers = [line for line in told if line.startswith("server ")]
    assert servers == ["server endpoint_1 127.0.0.1:8001", "server endpoint_2 endpoint.example:8002"]


@pytest.mark.parametrize(("policy", "told"), [("round_robin", "roundrobin"), ("least_connections", "leastconn")])
def test_each_policy_has_its_algorithm(policy: Policy, told: str) -> None:
    assert f"balance {told}" in lines(policy)


def test_only_a_connection_that_was_not_made_is_tried_again() -> None:
    retries = [line for line in lines() if line.startswith("retry-on ")]
    assert retries == ["retry-on conn-failure"]
    assert "option http-server-close" in lines()  # else a connection that is used again may break with the request


def test_an_argument_is_a_host_and_a_port() -> None:
    assert Backend.parse("10.0.0.7:8000") == ("10.0.0.7", 8000)


@pytest.mark.parametrize(
    "text",
    ["", "8000", "host:", "host:0", "host:65536", "host:8000\nserver x y:1", "-x:1", "a b:1", "http://h:1", "h:1²"],
)
def test_what_is_no_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        Backend.parse(text)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "²", "eighty"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        read_port(text)


def test_without_haproxy_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(process, "_PLACES", str(tmp_path))
    with pytest.raises(MissingToolError, match="apt-get install haproxy"):
        find_haproxy()


def test_haproxy_is_found_outside_the_path_of_a_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "haproxy"
    program.touch(mode=0o700)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(process, "_PLACES", str(tmp_path))
    assert find_haproxy() == str(program)


def test_a_port_that_somebody_has_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        monkeypatch.setattr(process, "find_haproxy", lambda: "haproxy")
        plan = GatewayPlan(port=holder.getsockname()[1], backends=BACKENDS, policy="round_robin")
        with pytest.raises(PortTakenError, match="--port"):
            serve(plan, tmp_path)
    assert list(tmp_path.iterdir()) == []
