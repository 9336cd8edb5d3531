"""Who calls is known by key and purpose, and only for as long as both are in force."""

import datetime as dt

import pytest

from platform_assets.access.caller import Asked
from platform_assets.access.credentials import InForce
from platform_assets.access.grants import compile_grants
from platform_assets.access.identity import Identity, Unproven
from platform_assets.access.key_store import KeyStore
from platform_assets.access.policy_file import policy_path, publish_policy
from platform_assets.access.source import AccessSource
from platform_assets.consumers import CONSUMERS
from platform_assets.products._discovery import discover_products
from tests.unit.access.conftest import DAY, NOW, Guard

READ = Asked("churn/online_predictions", "1", "read")


def why(guard: Guard, sent: str, purpose: str = "", asked: Asked = READ) -> str:
    """Return why something is denied, or nothing where it is allowed."""
    caller = guard.control.recognise(sent.encode(), purpose.encode())
    decision = guard.control.decide(caller, asked)
    return "" if decision.is_allowed else decision.why


def test_a_key_without_a_bound_purpose_has_to_say_one_with_each_call(guard: Guard) -> None:
    sent = f"Bearer {guard.key('consumer:retention_desk')}"
    assert why(guard, sent, "call_guidance") == ""
    assert "send X-Purpose" in why(guard, sent)
    assert "not granted for this purpose" in why(guard, sent, "pricing")


def test_a_key_bound_to_one_purpose_need_not_say_it_and_may_say_no_other(guard: Guard) -> None:
    sent = f"Bearer {guard.key('consumer:retention_desk', 'call_guidance')}"
    assert why(guard, sent) == why(guard, sent, "call_guidance") == ""
    assert "bound to another purpose" in why(guard, sent, "pricing")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("", "no credential was sent"),
        ("Basic YWxhZGRpbjpvcGVuc2VzYW1l", "no bearer token"),
        ("Bearer", "no bearer token"),
        ("Bearer x", "is no key"),
        ("Bearer pa_0123456789ab_" + "A" * 43, "the key is unknown"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", "tokens are not accepted"),
    ],
)
def test_what_proves_nothing_is_told_why_in_the_log_alone(guard: Guard, sent: str, told: str) -> None:
    assert told in why(guard, sent, "call_guidance")


@pytest.mark.parametrize("purpose", ["Call", "call guidance", "'; --", "ä", "x" * 65, "call_guidance\n"])
def test_a_purpose_that_is_no_word_is_neither_granted_nor_kept(guard: Guard, purpose: str) -> None:
    caller = guard.control.recognise(f"Bearer {guard.key('consumer:retention_desk')}".encode(), purpose.encode())
    assert not guard.control.decide(caller, READ).is_allowed
    assert caller.purpose == ""


def test_a_revoked_key_opens_nothing_after_the_next_look(guard: Guard) -> None:
    text = guard.key("consumer:retention_desk", "call_guidance")
    assert why(guard, f"Bearer {text}") == ""
    guard.keys.revoke(text.split("_")[1], by="b", at=NOW, reason="lost")
    guard.control.refresh()
    assert "revoked" in why(guard, f"Bearer {text}")


def test_a_key_that_is_revoked_while_it_is_proven_is_not_remembered(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, proves = f"Bearer {guard.key('consumer:retention_desk', 'call_guidance')}", InForce.prove

    def revoked_meanwhile(in_force: InForce, authorization: str, now: dt.datetime) -> Identity | Unproven:
        proven = proves(in_force, authorization, now)
        monkeypatch.undo()
        (key_id,) = KeyStore.of(guard.settings).read()
        KeyStore.of(guard.settings).revoke(key_id, by="ann", at=NOW, reason="lost")
        guard.control.refresh()
        return proven

    monkeypatch.setattr(InForce, "prove", revoked_meanwhile)
    assert why(guard, sent) == ""
    assert why(guard, sent)


def test_a_bug_in_following_the_policy_allows_nobody_anything(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = f"Bearer {guard.key('consumer:retention_desk', 'call_guidance')}"
    assert why(guard, sent) == ""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AccessSource, "look", fail)
    with pytest.raises(ZeroDivisionError):
        guard.control.refresh()
    assert why(guard, sent)
    assert guard.control.problem is not None


def test_a_key_ends_at_its_instant_without_any_look(guard: Guard) -> None:
    sent = f"Bearer {guard.key('consumer:retention_desk', 'call_guidance')}"
    assert why(guard, sent) == ""
    guard.at = NOW + DAY - dt.timedelta(seconds=1)
    assert why(guard, sent) == ""
    guard.at = NOW + DAY
    assert "expired" in why(guard, sent)


def test_a_policy_that_changes_is_followed(guard: Guard) -> None:
    sent = f"Bearer {guard.key('consumer:retention_desk', 'call_guidance')}"
    assert why(guard, sent) == ""
    publish_policy(guard.settings, [each for each in CONSUMERS if each.name != "retention_desk"], discover_products())
    guard.control.refresh()
    assert "no grant" in why(guard, sent)
    publish_policy(guard.settings, CONSUMERS, discover_products())
    guard.control.refresh()
    assert why(guard, sent) == ""


@pytest.mark.parametrize("harm", ["missing", "damaged", "no text", "exposed"])
@pytest.mark.parametrize("file", ["policy", "keys"])
def test_a_policy_or_keys_that_cannot_be_trusted_open_nothing_until_they_are_put_right(
    guard: Guard, file: str, harm: str
) -> None:
    sent = f"Bearer {guard.key('consumer:retention_desk', 'call_guidance')}"
    path = policy_path(guard.settings) if file == "policy" else KeyStore.of(guard.settings).path
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "damaged":
        path.write_bytes(content[:-9])
    elif harm == "no text":
        path.write_bytes(content.replace(b"retention_desk", b"retention\xffdesk"))
    else:
        path.chmod(0o644)
    guard.control.refresh()
    assert why(guard, sent)
    assert guard.control.problem is not None or (file, harm) == ("keys", "missing")
    path.write_bytes(content)
    path.chmod(0o600)
    guard.control.refresh()
    assert why(guard, sent) == ""
    assert guard.control.problem is None


def test_inventing_callers_products_and_purposes_fills_no_memory(guard: Guard) -> None:
    text = guard.key("consumer:retention_desk")
    for number in range(3000):
        guard.control.recognise(f"Bearer {number}".encode(), b"call_guidance")
        why(guard, f"Bearer {text}", "call_guidance", Asked(f"invented_{number}/releases", "-", "observe"))
    caller = guard.control.recognise(f"Bearer {text}".encode(), b"call_guidance")
    assert len(caller.decisions) <= 1000
    assert len(guard.control._callers) == 1  # noqa: SLF001 - only who was proven is remembered


def test_the_compiled_policy_names_each_grant_and_nothing_that_stands_for_everything() -> None:
    grants = compile_grants(CONSUMERS, discover_products())
    assert len(set(grants)) == len(grants)
    words = {word for grant in grants for word in (grant.actor, grant.output, grant.version, grant.purpose)}
    assert not {word for word in words if "*" in word or not word}
