"""The pages of the console: what they show, as pages and as data, and what they say when something is wrong."""

import html
import re

import pytest

from platform_assets.audit.trace import raw_files, trace
from platform_assets.lakehouse.read import read_table
from platform_assets.monitoring.incidents.draft import record_draft
from tests.unit.console.conftest import DATA, PAGE, Looked


@pytest.fixture
def prediction_id(console: Looked) -> str:
    rows = read_table(console.settings.predictions_dir / "churn")
    return str(rows.column("prediction_id")[0].as_py())


def test_the_overview_shows_every_product_with_its_release_and_freshness(console: Looked) -> None:
    page = console.client.get("/", headers={**console.as_role("operator"), **PAGE})
    rows = console.client.get("/", headers=console.as_role("operator")).json()["products"]
    assert page.status_code == 200
    assert [row["name"] for row in rows] == ["cancellation_risk", "churn", "clv", "parking_demand", "segments"]
    churn = rows[1]["standing"]["status"]
    assert churn["as_of"] == "2011-12-10"
    assert churn["release_id"] in page.text
    assert all(f'href="/products/{row["name"]}"' in page.text for row in rows)


def test_a_page_of_a_prediction_holds_the_digest_of_every_raw_file(console: Looked, prediction_id: str) -> None:
    page = console.client.get(f"/predictions/{prediction_id}", headers={**console.as_role("auditor"), **PAGE})
    digests = raw_files(trace(console.settings, prediction_id))
    assert page.status_code == 200
    assert digests
    assert all(digest in page.text for digest in digests.values())
    assert "<h2>Who may read it, and what for</h2>" in page.text
    assert '<td class="pass">pass</td>' in page.text  # a guardrail of the batch


def test_the_evidence_of_a_prediction_is_also_data(console: Looked, prediction_id: str) -> None:
    told = console.client.get(
        f"/predictions/{prediction_id}?format=json", headers={**console.as_role("auditor"), **PAGE}
    )
    assert told.headers["content-type"] == "application/json"
    assert told.json()["prediction_id"] == prediction_id
    assert told.json()["chain"]["kind"] == "batch prediction"


def test_the_form_on_the_first_page_leads_to_the_page_of_a_prediction(console: Looked, prediction_id: str) -> None:
    found = console.client.get("/predictions", params={"id": f" {prediction_id} "}, headers=console.as_role("auditor"))
    assert (found.status_code, found.headers["location"]) == (303, f"/predictions/{prediction_id}")


def test_a_replay_tells_its_verdict_and_every_stage(console: Looked, prediction_id: str) -> None:
    where, auditor = f"/predictions/{prediction_id}/replay", console.as_role("auditor")
    replayed = console.client.post(where, headers=auditor).json()
    page = console.client.post(where, headers={**auditor, **PAGE}).text
    assert replayed["verdict"] == "exact"
    assert "Exact: the same, bit for bit." in page
    assert all(f"<td>{one['stage'].replace('_', ' ')}</td>" in page for one in replayed["stages"])


def test_looking_at_a_replay_computes_nothing_yet(console: Looked, prediction_id: str) -> None:
    page = console.client.get(f"/predictions/{prediction_id}/replay", headers={**console.as_role("auditor"), **PAGE})
    assert page.status_code == 200
    assert f'<form method="post" action="/predictions/{prediction_id}/replay">' in page.text


def test_an_explanation_tells_every_input_in_words(console: Looked, prediction_id: str) -> None:
    where, auditor = f"/predictions/{prediction_id}/explanation", console.as_role("auditor")
    told = console.client.get(where, headers=auditor).json()["explanation"]
    page = console.client.get(where, headers={**auditor, **PAGE}).text
    assert told["reasons"]
    assert all(html.escape(one["text"]) in page.replace("&#39;", "&#x27;") for one in told["reasons"])


def test_a_product_tells_its_contract_and_how_it_stands(console: Looked) -> None:
    told = console.client.get("/products/churn", headers=console.as_role("operator")).json()
    page = console.client.get("/products/churn", headers={**console.as_role("operator"), **PAGE}).text
    assert told["contract"]["kind"] == "probability"
    assert {one["promise"] for one in told["operation"]["promises"]} >= {"data_age"}
    assert {one["consumer"] for one in told["readers"]} >= {"retention_desk", "business_intelligence"}
    assert "Retention desk" in page


def test_an_incident_is_listed_and_told_with_its_timeline_and_report(console: Looked) -> None:
    incident = console.open_incident(title="data_age is broken <script>alert(1)</script>")
    record_draft(console.home.ledger, console.home.product, incident, incident.opened_at)
    operator = console.as_role("operator")
    listed = console.client.get("/incidents", headers=operator).json()["lines"]
    page = console.client.get(f"/incidents/{incident.incident_id}", headers={**operator, **PAGE}).text
    told = console.client.get(f"/incidents/{incident.incident_id}", headers=operator).json()
    assert [line["incident"]["incident_id"] for line in listed] == [incident.incident_id]
    assert told["document"].startswith(f"# Incident {incident.incident_id}: ")
    assert [line["kind"] for line in told["details"]["timeline"]][-1] == "cause_drafted"
    assert "data_age is broken &lt;script&gt;" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "unknown_route"),
        ("/products/nothing", 403, "access_denied"),
        ("/predictions/churn-20111210-b-" + "0" * 24, 404, "unknown_prediction"),
        ("/predictions/..%2f..%2fetc", 404, "unknown_route"),
        ("/predictions/nonsense", 404, "unknown_prediction"),
        ("/incidents/99", 404, "unknown_record"),
    ],
)
def test_what_is_not_there_is_told_as_a_page_and_as_a_problem(
    console: Looked, path: str, status: int, code: str
) -> None:
    auditor = console.as_role("auditor")
    told = console.client.get(path, headers={**auditor, **DATA})
    page = console.client.get(path, headers={**auditor, **PAGE})
    assert (told.status_code, told.json()["code"]) == (page.status_code, code) == (status, code)
    assert told.headers["content-type"] == "application/problem+json"
    assert re.search(rf"<code>{code}</code>", page.text)


def test_a_method_that_a_page_does_not_take_is_refused_with_those_it_takes(console: Looked) -> None:
    refused = console.client.post("/incidents", headers=console.as_role("operator"))
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in refused.headers["allow"]


def test_every_page_forbids_scripts_frames_and_keeping(console: Looked) -> None:
    for path in ("/", "/sign-in", "/nothing", "/incidents"):
        headers = console.client.get(path, headers=PAGE).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
