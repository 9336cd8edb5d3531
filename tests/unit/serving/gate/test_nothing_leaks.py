"""Canaries: what must not be told is put wherever a caller can put it, and looked for wherever anything is written."""

from pathlib import Path

import msgspec
import pytest

from tests.unit.serving.gate.conftest import CONSUMER, Guarded

pytestmark = pytest.mark.anyio

CANARY = 7318042.618
SECRET = "C4n4ry-" * 6 + "x"  # as long as the secret of a key


def everything_written(home: Path, *, but: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and but not in path.parts
    }


async def test_no_secret_and_no_feature_value_is_in_an_error_or_in_a_file(
    guarded: Guarded, capfd: pytest.CaptureFixture[str]
) -> None:
    key = guarded.headers(CONSUMER)["Authorization"].removeprefix("Bearer ")
    live = guarded.endpoint.parts.releases.current("churn")
    row = {**live.schema.example, **dict.fromkeys(live.product.stored_columns, CANARY)}
    texts: list[str] = []
    async with guarded.client(CONSUMER) as client, guarded.client() as nobody:
        for body in (
            {"product": "churn", "rows": [row]},
            {"product": "churn", "rows": [{**row, "unknown": CANARY}]},
            {"product": "parking_demand", "rows": [row]},
            {"product": "churn", "rows": [row], "event_at": "not an instant"},
        ):
            for path in ("/v1/predict", "/predict", "/v1/batch_predict"):
                texts.append((await client.post(path, content=msgspec.json.encode(body))).text)
                texts.append((await nobody.post(path, content=msgspec.json.encode(body))).text)
        for sent in (f"Bearer pa_0123456789ab_{SECRET}", f"Basic {SECRET}", f"Bearer {SECRET}.{SECRET}.{SECRET}"):
            answer = await nobody.get("/v1/products", headers={"Authorization": sent, "X-Purpose": SECRET})
            texts += [answer.text, str(answer.headers)]
        texts.append((await client.get("/v1/products", headers={"X-Purpose": SECRET})).text)
        texts.append((await client.get(f"/v1/products/{SECRET}%20{SECRET}")).text.replace(f"{SECRET} {SECRET}", ""))
        texts.append((await nobody.get(f"/{SECRET} {SECRET}")).text)
    accesses = guarded.accesses()
    assert len(accesses) > 20
    files = everything_written(guarded.guard.settings.home, but="bundles")
    assert any("access_log" in name for name in files)
    told = capfd.readouterr()
    written = [*texts, told.out, told.err, *(content.decode("latin-1") for content in files.values())]
    for secret in (key, key.split("_", 2)[2], str(CANARY), "7318042"):
        assert not [text[:200] for text in written if secret in text], secret
    in_log = "".join(content.decode("latin-1") for name, content in files.items() if "access_log" in name)
    assert SECRET not in in_log
