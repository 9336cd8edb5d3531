"""What the endpoint loads: a fresh process that has answered a request holds a short, known list of packages."""

import json
import subprocess
import sys

import pytest

from platform_assets.access.own_keys import own_headers
from platform_assets.processes.access_home import prepare_access
from platform_assets.settings import AccessMode, Settings
from tests.unit.serving.conftest import Publisher

RUNTIME = {
    "anyio",
    "click",
    "h11",
    "hiredis",
    "httptools",
    "idna",
    "msgspec",
    "numpy",
    "prometheus_client",
    "redis",
    "starlette",
    "typing_extensions",
    "uvicorn",
    "uvloop",
}
# What redis and uvicorn look for and use when it happens to be installed: small, and not ours to prevent.
PROBED_FOR = {"_cffi_backend", "_distutils_hack", "cryptography", "opentelemetry", "psutil", "sniffio", "watchfiles"}
FORBIDDEN = {"dagster", "mlflow", "feast", "dbt", "pandas", "polars", "pandera", "pyarrow", "deltalake", "duckdb"} | {
    "lightgbm",
    "sqlalchemy",
    "scipy",
    "sklearn",
}
# What decides with access control on: casbin and what it needs. Tokens bring jwt and cryptography on top.
DECIDES = {"bracex", "casbin", "simpleeval", "wcmatch"}
PROGRAM = """
import asyncio, json, pathlib, sys
import platform_assets.serving.run
from platform_assets.serving.app import create_app
from platform_assets.settings import Settings

async def main(home):
    app = create_app(Settings(home=home, redis_port=9, access=sys.argv[2]))  # the discard port: nobody answers
    sent = []
    body = json.dumps({"product": "churn", "entities": ["13085"]}).encode()
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}
    async def send(message):
        sent.append(message)
    scope = {"type": "http", "method": "POST", "path": "/v1/predict",
             "headers": [(b"authorization", sys.argv[3].encode())], "query_string": b"",
             "root_path": "", "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1)}
    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    return json.loads(sent[1]["body"])

answer = asyncio.run(main(pathlib.Path(sys.argv[1])))
loaded = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(json.dumps({"fallback": answer["predictions"][0]["fallback"],
                  "top": sorted(loaded), "own": sorted(n for n in sys.modules if n.startswith("platform_assets."))}))
"""


@pytest.mark.parametrize("access", ["open", "on"])
def test_a_process_that_answered_a_request_holds_only_the_packages_of_the_runtime(
    publisher: Publisher, access: AccessMode
) -> None:
    publisher.publish("churn")
    settings = Settings(home=publisher.home, access=access)
    prepare_access(settings)
    credential = own_headers(settings, "me").get("Authorization", "")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(publisher.home), access, credential],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    packages = {name for name in seen["top"] if not name.startswith("__")} - {"platform_assets"}
    assert seen["fallback"] == "default_score"
    assert not packages & FORBIDDEN
    assert packages <= RUNTIME | PROBED_FOR | (DECIDES if access == "on" else set())
    own = {name.split(".")[1] for name in seen["own"]}
    assert own <= {
        *(
            "access",
            "alert_settings",
            "background",
            "batch_settings",
            "clock",
            "contract",
            "cost_settings",
            "errors",
            "experiments",
            "inference",
        ),
        *("online", "published", "rollouts", "serving", "setting_values", "settings"),
    }
