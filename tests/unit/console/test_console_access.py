"""Who may see what in the console: the same decisions as everywhere, each of them in the access log."""

import datetime as dt
import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from platform_assets.access.key_store import KeyStore
from platform_assets.clock import wall_now
from platform_assets.console.app import create_app
from platform_assets.console.envelope import PUBLIC
from platform_assets.console.routes import ROUTES
from platform_assets.console.sessions import COOKIE, Credential, Sessions
from platform_assets.ledger.incidents import change_incident
from tests.unit.console.conftest import DATA, PAGE, Looked

SOMEONE = "/predictions/churn-20111210-b-" + "0" * 24
NOW = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)
HERE = {"Origin": "http://127.0.0.1:8010", "Sec-Fetch-Site": "same-origin"}


def sign_in(console: Looked, key: str, **form: str) -> int:
    """Send the form as a browser does; the client keeps the cookie."""
    return console.client.post("/sign-in", data={"key": key, **form}, headers={**PAGE, **HERE}).status_code


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("auditor", SOMEONE, 404),
        ("auditor", "/incidents", 200),
        ("operator", SOMEONE, 403),
        ("operator", f"{SOMEONE}/explanation", 403),
        ("operator", "/incidents", 200),
        ("engineer", SOMEONE, 403),
        ("admin", SOMEONE, 404),
    ],
)
def test_each_role_sees_its_own_pages_and_no_other(console: Looked, role: str, path: str, status: int) -> None:
    assert console.client.get(path, headers=console.as_role(role)).status_code == status


def test_a_denial_is_in_the_access_log_with_subject_and_output(console: Looked) -> None:
    denied = console.client.post(f"{SOMEONE}/replay", headers=console.as_role("operator"))
    assert (denied.status_code, denied.json()["code"]) == (403, "access_denied")
    last = console.accesses()[-1]
    assert (last.subject, last.output, last.action, last.is_allowed) == (
        "operator:ann",
        "churn/evidence",
        "audit",
        False,
    )
    assert last.request_id == denied.headers["x-request-id"]


def test_a_consumer_sees_the_contract_of_its_own_products_and_nothing_else(console: Looked) -> None:
    key = console.consumer_key("retention_desk", "call_guidance")
    desk = {**DATA, "Authorization": f"Bearer {key}"}
    overview = console.client.get("/", headers=desk).json()
    churn = console.client.get("/products/churn", headers=desk).json()
    assert [(row["name"], row["standing"]) for row in overview["products"]] == [("churn", None), ("clv", None)]
    assert overview["may_audit"] is False
    assert churn["operation"] is None
    assert {one["consumer"] for one in churn["readers"]} == {"retention_desk"}
    assert "crm@example.com" not in console.client.get("/products/churn", headers={**desk, **PAGE}).text
    refused = [
        console.client.get(path, headers=desk).status_code for path in ("/products/segments", "/incidents", SOMEONE)
    ]
    assert refused == [403, 403, 403]


@pytest.mark.parametrize("place", ["/products/{}", "/predictions/{}-20111210-b-" + "0" * 24])
def test_a_product_of_others_is_answered_and_logged_like_one_that_does_not_exist(console: Looked, place: str) -> None:
    key = console.consumer_key("retention_desk", "call_guidance")
    desk = {**DATA, "Authorization": f"Bearer {key}"}
    answers = {name: console.client.get(place.format(name), headers=desk) for name in ("segments", "nothing")}
    told = [
        answered.text.replace(name, "NAME").replace(answered.headers["x-request-id"], "ID")
        for name, answered in answers.items()
    ]
    assert {answered.status_code for answered in answers.values()} == {403}
    assert told[0] == told[1]
    logged = {one.request_id: one.output.split("/")[0] for one in console.accesses() if not one.is_allowed}
    assert [logged[answered.headers["x-request-id"]] for answered in answers.values()] == list(answers)


def test_an_id_that_cannot_be_one_leaves_a_line_in_the_access_log_too(console: Looked) -> None:
    answered = console.client.get("/predictions/nonsense", headers=console.as_role("auditor"))
    assert answered.status_code == 404
    assert answered.headers["x-request-id"] in {one.request_id for one in console.accesses()}


def logged(console: Looked, request_id: str) -> list[tuple[str, str | None, bool]]:
    """Return what the access log holds of a request: output, action, and whether it was allowed."""
    return [(one.output, one.action, one.is_allowed) for one in console.accesses() if one.request_id == request_id]


def test_each_product_whose_standing_the_overview_shows_is_in_the_access_log(console: Looked) -> None:
    overview = console.client.get("/", headers=console.as_role("operator"))
    shown = [row["name"] for row in overview.json()["products"] if row["standing"]]
    assert len(shown) == 5
    assert logged(console, overview.headers["x-request-id"]) == [
        ("platform/catalogue", "describe", True),
        *((f"{name}/releases", "observe", True) for name in shown),
    ]


def test_an_incident_is_one_access_to_its_product_and_to_no_other(console: Looked) -> None:
    incident = console.open_incident(title="data_age is broken")
    operator = console.as_role("operator")
    seen = console.client.get(f"/incidents/{incident.incident_id}", headers=operator)
    change_incident(console.home.ledger, incident.incident_id, state="resolved")  # other tests share the home
    desk = {**DATA, "Authorization": f"Bearer {console.consumer_key('retention_desk', 'call_guidance')}"}
    refused = console.client.get("/incidents/99", headers=desk)
    assert (seen.status_code, refused.status_code) == (200, 403)
    assert logged(console, seen.headers["x-request-id"]) == [("churn/releases", "observe", True)]
    assert [is_allowed for _, _, is_allowed in logged(console, refused.headers["x-request-id"])] == [False]


def test_an_open_console_tells_which_products_there_are(console: Looked) -> None:
    app = create_app(replace(console.settings, access="open"))
    with TestClient(app, base_url="http://127.0.0.1:8010") as here:
        answered = here.get("/products/nothing", headers=DATA)
    assert (answered.status_code, answered.json()["code"]) == (404, "unknown_product")
    assert "segments" in answered.json()["detail"]


def test_without_a_credential_a_browser_gets_the_form_and_a_program_a_problem(console: Looked) -> None:
    page = console.client.get(f"{SOMEONE}?format=html", headers=PAGE)
    problem = console.client.get(SOMEONE, headers=DATA)
    assert (page.status_code, problem.status_code) == (401, 401)
    assert f'name="next" value="{SOMEONE}?format=html"' in page.text
    assert problem.json()["code"] == "unauthenticated"
    assert problem.headers["www-authenticate"] == "Bearer"
    assert {(one.subject, one.is_allowed) for one in console.accesses()[-2:]} == {("anonymous", False)}


def test_nobody_gets_beyond_the_form_without_a_credential(console: Looked) -> None:
    asked = [(route.path, method) for route in ROUTES for method in sorted(route.methods or ())]
    answered = {
        (path, method): console.client.request(method, _filled(path), headers={**DATA, **HERE}).status_code
        for path, method in asked
    }
    assert {path for (path, _), status in answered.items() if status != 401} == PUBLIC
    assert answered["/sign-in", "POST"] == 401


def _filled(path: str) -> str:
    return re.sub(r"{(\w+)[^}]*}", lambda found: "1" if found[1] == "incident_id" else "churn-20111210-b-0", path)


def test_a_key_is_taken_once_and_the_session_ends_when_signed_out(console: Looked) -> None:
    key = console.key("auditor")
    assert sign_in(console, key, next=SOMEONE) == 303
    cookie = console.client.cookies[COOKIE]
    assert key not in cookie
    assert console.client.get("/incidents", headers=PAGE).status_code == 200
    console.client.post("/sign-out", headers={**PAGE, **HERE})
    console.client.cookies.set(COOKIE, cookie)
    assert console.client.get("/incidents", headers=PAGE).status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(console: Looked) -> None:
    form = {"key": console.key("auditor")}
    told = console.client.post("/sign-in", data=form, headers={**PAGE, **HERE}).headers["set-cookie"]
    assert all(word in told for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=28800"))


def test_a_revoked_key_opens_nothing_in_its_session_either(console: Looked) -> None:
    key = console.key("auditor")
    assert sign_in(console, key) == 303
    KeyStore.of(console.settings).revoke(key.split("_")[1], by="test", at=wall_now(), reason="lost")
    console.client.app.state.console.access.refresh()  # type: ignore[attr-defined] # a Starlette app
    assert console.client.get("/incidents", headers=PAGE).status_code == 401


@pytest.mark.parametrize("key", ["", "wrong", "pa_000000000000_" + "A" * 43, "ä\n" * 100])
def test_a_wrong_key_is_refused_without_a_word_about_it(console: Looked, key: str) -> None:
    answered = console.client.post("/sign-in", data={"key": key}, headers={**PAGE, **HERE})
    assert answered.status_code == 401
    assert COOKIE not in answered.cookies
    assert "unknown, has expired or was revoked" in answered.text


def test_a_key_for_several_purposes_asks_for_one(console: Looked) -> None:
    key = console.consumer_key("parking_pricing")
    assert sign_in(console, key) == 401
    assert sign_in(console, key, purpose="signs") == 303
    assert console.client.get("/products/parking_demand", headers=PAGE).status_code == 200


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x"])
def test_signing_in_leads_to_a_page_of_the_console_only(console: Looked, place: str) -> None:
    form = {"key": console.key("auditor"), "next": place}
    answered = console.client.post("/sign-in", data=form, headers={**PAGE, **HERE})
    assert (answered.status_code, answered.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {},
    ],
)
def test_a_form_of_another_site_does_nothing_in_a_session(console: Looked, sent: dict[str, str]) -> None:
    assert sign_in(console, console.key("auditor")) == 303
    refused = console.client.post(f"{SOMEONE}/replay", headers={**DATA, **sent})
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign_form")


def test_a_form_that_never_ends_is_refused(console: Looked) -> None:
    refused = console.client.post("/sign-in", content=b"key=" + b"a" * 20_000, headers={**DATA, **HERE})
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")


def test_no_key_is_in_any_page_or_log(console: Looked) -> None:
    key = console.key("auditor")
    sign_in(console, key)
    pages = [console.client.get(path, headers=PAGE).text for path in ("/", "/incidents", SOMEONE, "/sign-in")]
    assert key not in "".join(pages)
    assert key not in str(console.accesses())


def test_an_open_console_answers_this_machine_alone(console: Looked) -> None:
    app = create_app(replace(console.settings, access="open"))
    with (
        TestClient(app, base_url="http://127.0.0.1:8010") as here,
        TestClient(app, base_url="http://evil.example") as there,
    ):
        assert here.get("/incidents", headers=DATA).status_code == 200
        assert (there.get("/incidents", headers=DATA).status_code, there.get("/", headers=PAGE).status_code) == (
            403,
            403,
        )


def test_a_session_ends_when_it_is_idle_or_old() -> None:
    sessions, hour = Sessions(), dt.timedelta(hours=1)
    idle, busy = (sessions.begin(Credential(b"Bearer x"), NOW) for _ in range(2))
    for hours in range(1, 17):
        assert sessions.find(busy, NOW + hours * hour / 2 - hour / 60) == Credential(b"Bearer x")
    assert sessions.find(busy, NOW + 8 * hour) is None
    assert sessions.find(idle, NOW + hour) is None


def test_of_too_many_sessions_the_first_ends() -> None:
    sessions = Sessions()
    first, *others = [sessions.begin(Credential(b"Bearer x"), NOW) for _ in range(1001)]
    assert sessions.find(first, NOW) is None
    assert sessions.find(others[0], NOW) is not None
