"""Dagster's UI behind nginx with the shipped configuration: nobody without a login, auditors change nothing."""

import base64
import grp
import hashlib
import os
import pwd
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from platform_assets.processes.control import start_all, stop_all
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.conftest import free_port
from tests.integration.certificates import self_signed
from tests.integration.gateways import wait_until

SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
NGINX = shutil.which("nginx", path=SEARCHED)
# Where nginx is promised (the continuous integration installs it) its absence is a failure, not a skip.
pytestmark = pytest.mark.skipif(
    NGINX is None and os.environ.get("PLATFORM_REQUIRE_NGINX") != "1", reason="no nginx here"
)

SHIPPED = PROJECT_ROOT / "docs" / "dagster-access"
OPERATOR, AUDITOR = ("olga", "runs-things"), ("anna", "only-looks")
WIPE = "mutation { wipeAssets(assetPartitionRanges: []) { __typename } }"
SERVICES = ("dagster_webserver", "dagster_read_only")


@dataclass(frozen=True)
class Proxy:
    """The addresses of both sides, and the certificate that a client trusts."""

    operators: str
    auditors: str
    trusted: ssl.SSLContext

    def client(self, url: str, login: tuple[str, str] | None) -> httpx.Client:
        return httpx.Client(base_url=url, auth=login, verify=self.trusted, timeout=60.0)


def login_file(path: Path, login: tuple[str, str]) -> Path:
    name, password = login
    salt = os.urandom(8)
    digest = base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()  # noqa: S324 - nginx reads it so
    path.write_text(f"{name}:{{SSHA}}{digest}\n")
    return path


def configuration(home: Path, settings: Settings, ports: tuple[int, int]) -> Path:
    certificate, key = self_signed(home)
    words = {
        "OPERATORS_ADDRESS": f"127.0.0.1:{ports[0]}",
        "AUDITORS_ADDRESS": f"127.0.0.1:{ports[1]}",
        "OPERATORS_FILE": str(login_file(home / "operators", OPERATOR)),
        "AUDITORS_FILE": str(login_file(home / "auditors", AUDITOR)),
        "CERTIFICATE_KEY": str(key),
        "CERTIFICATE": str(certificate),
        "DAGSTER_ADDRESS": f"127.0.0.1:{settings.dagster_port}",
        "DAGSTER_READ_ONLY_ADDRESS": f"127.0.0.1:{settings.dagster_read_only_port}",
        "PROXY_FILE": str(SHIPPED / "proxy.conf"),
    }
    shipped = re.sub(
        "|".join(rf"\b{word}\b" for word in words), lambda m: words[m[0]], (SHIPPED / "nginx.conf").read_text()
    )
    temporary = "\n".join(
        f"{kind}_temp_path {home / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = home / "nginx.conf"
    path.write_text(
        # As whoever runs the tests: its home is closed to others.
        f"user {pwd.getpwuid(os.getuid()).pw_name} {grp.getgrgid(os.getgid()).gr_name};\n"
        f"daemon off; pid {home / 'nginx.pid'}; error_log {home / 'error.log'}; events {{ }}\n"
        f"http {{ access_log off; {temporary}\n{shipped}\n}}\n"
    )
    return path


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/server_info").status_code == 200
    except httpx.ConnectError:  # nginx does not listen yet
        return False


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    assert NGINX is not None, "PLATFORM_REQUIRE_NGINX=1 but there is no nginx; install the package nginx-light"
    home = tmp_path_factory.mktemp("proxy")
    settings = Settings(
        home=home / "platform", fsync=False, dagster_port=free_port(), dagster_read_only_port=free_port()
    )
    operators, auditors = free_port(), free_port()
    path = configuration(home, settings, (operators, auditors))
    with ExitStack() as stack:
        stack.callback(stop_all, settings, only=SERVICES)
        start_all(settings, only=SERVICES)
        running = stack.enter_context(subprocess.Popen([NGINX, "-c", str(path), "-p", str(home)]))
        stack.callback(running.terminate)
        made = Proxy(
            operators=f"https://127.0.0.1:{operators}",
            auditors=f"https://127.0.0.1:{auditors}",
            trusted=ssl.create_default_context(cafile=home / "certificate.pem"),
        )
        with made.client(made.auditors, AUDITOR) as client:
            wait_until(lambda: is_up(client))
        yield made


def test_without_a_login_no_page_and_no_query_is_answered(proxy: Proxy) -> None:
    for url in (proxy.operators, proxy.auditors):
        with proxy.client(url, None) as client:
            answers = [
                client.get("/"),
                client.get("/server_info"),
                client.post("/graphql", json={"query": "{ version }"}),
            ]
        assert [answer.status_code for answer in answers] == [401, 401, 401]


def test_an_auditors_login_does_not_open_the_operators_side(proxy: Proxy) -> None:
    with proxy.client(proxy.operators, AUDITOR) as client:
        assert client.get("/server_info").status_code == 401


def test_an_auditor_sees_pages_and_asks_for_assets(proxy: Proxy) -> None:
    with proxy.client(proxy.auditors, AUDITOR) as client:
        page = client.get("/")
        answer = client.post("/graphql", json={"query": "{ assetNodes { id } }"})
    assert (page.status_code, "<html" in page.text.lower()) == (200, True)
    assert len(answer.json()["data"]["assetNodes"]) > 0


def test_an_auditor_changes_nothing_and_an_operator_may(proxy: Proxy) -> None:
    kinds = []
    for url, login in ((proxy.auditors, AUDITOR), (proxy.operators, OPERATOR)):
        with proxy.client(url, login) as client:
            kinds.append(client.post("/graphql", json={"query": WIPE}).json()["data"]["wipeAssets"]["__typename"])
    assert kinds == ["UnauthorizedError", "AssetWipeSuccess"]


@pytest.mark.parametrize("route", ["report_asset_materialization", "report_asset_check", "report_asset_observation"])
def test_an_auditor_cannot_report_an_asset_that_was_never_made(proxy: Proxy, route: str) -> None:
    with proxy.client(proxy.auditors, AUDITOR) as client:
        assert client.post(f"/{route}/churn/predictions", json={}).status_code == 401
    with proxy.client(proxy.operators, OPERATOR) as client:
        assert client.post("/report_asset_materialization/not/one/of/ours", json={}).status_code == 200
