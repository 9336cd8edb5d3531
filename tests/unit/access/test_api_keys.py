"""API keys: shown once, kept as digests, gone when they are rotated, revoked or expired."""

import datetime as dt
import stat
import threading
from pathlib import Path

import pytest

from platform_assets.access.api_keys import is_key_of, key_id_of, new_key
from platform_assets.access.issuing import issue_for_consumer, issue_for_role
from platform_assets.access.key_store import KeyStore
from platform_assets.access.own_keys import own_headers
from platform_assets.consumers import CONSUMERS
from platform_assets.errors import CredentialsExposedError, KeysUnusableError, UnknownKeyError, UnknownSubjectError
from platform_assets.settings import Settings
from tests.unit.access.conftest import DAY, NOW

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "access" / "keys.json", fsync=False)


def created(store: KeyStore) -> tuple[str, str]:
    made = store.create(subject="s", actors=["role:auditor"], purposes=["audit"], by="b", at=NOW, lasts=DAY)
    return made.key_id, made.text


def test_a_key_has_256_random_bits_and_no_two_are_alike() -> None:
    made = [new_key() for _ in range(100)]
    assert len({each.text for each in made}) == len({each.key_id for each in made}) == 100
    assert {len(each.text.split("_", 2)[2]) for each in made} == {43}
    assert {key_id_of(each.text) == each.key_id for each in made} == {True}
    assert made[0].text not in repr(made[0])


def test_only_the_digest_of_a_key_is_kept_in_a_file_for_its_owner_alone(store: KeyStore) -> None:
    key_id, text = created(store)
    content = store.path.read_text()
    assert key_id in content
    assert text not in content
    assert text.split("_", 2)[2] not in content
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t.upper(), lambda t: t[::-1], lambda _: ""]
)
def test_what_is_nearly_a_key_is_none(store: KeyStore, change: object) -> None:
    key_id, text = created(store)
    kept = store.read()[key_id]
    assert is_key_of(text, kept)
    assert not is_key_of(change(text), kept)  # type: ignore[operator] # a function of the parameters
    assert not is_key_of(text, None)


def test_a_rotated_key_works_beside_its_successor_for_the_overlap_and_no_longer(store: KeyStore) -> None:
    key_id, _ = created(store)
    made = store.rotate(key_id, by="b", at=NOW, lasts=30 * DAY, overlap=HOUR)
    old, new = store.read().values()
    assert (old.successor, new.subject, new.actors, new.purposes) == (made.key_id, "s", ("role:auditor",), ("audit",))
    assert old.is_usable(NOW + HOUR / 2)
    assert not old.is_usable(NOW + HOUR)
    assert new.is_usable(NOW + 2 * HOUR)


def test_a_rotation_never_makes_the_old_key_last_longer(store: KeyStore) -> None:
    key_id, _ = created(store)
    store.rotate(key_id, by="b", at=NOW + 23 * HOUR, lasts=DAY, overlap=10 * DAY)
    assert store.read()[key_id].expires_at == NOW + DAY


def test_what_is_revoked_expired_or_unknown_cannot_be_rotated_or_revoked(store: KeyStore) -> None:
    key_id, _ = created(store)
    store.revoke(key_id, by="b", at=NOW, reason="lost")
    assert not store.read()[key_id].is_usable(NOW)
    expired, _ = created(store)
    for one, at in ((key_id, NOW), ("0123456789ab", NOW), (expired, NOW + DAY)):
        with pytest.raises(UnknownKeyError):
            store.rotate(one, by="b", at=at, lasts=DAY, overlap=HOUR)
        with pytest.raises(UnknownKeyError):
            store.revoke(one, by="b", at=at, reason="lost")


def test_many_keys_that_are_made_at_once_are_all_kept(store: KeyStore) -> None:
    threads = [threading.Thread(target=created, args=(store,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.read()) == 20


def test_a_file_that_others_may_touch_or_that_is_damaged_opens_nothing(store: KeyStore) -> None:
    created(store)
    store.path.chmod(0o640)
    with pytest.raises(CredentialsExposedError, match="chmod 600"):
        store.read()
    store.path.chmod(0o600)
    store.path.write_bytes(b"[{}]")
    with pytest.raises(KeysUnusableError, match="backup"):
        store.read()


def test_a_key_is_made_for_declared_consumers_roles_and_purposes_alone(store: KeyStore) -> None:
    made = issue_for_consumer(store, CONSUMERS, "retention_desk", ["call_guidance"], by="b", at=NOW, lasts=DAY)
    assert store.read()[made.key_id].actors == ("consumer:retention_desk",)
    assert issue_for_role(store, "auditor", "alice", by="b", at=NOW, lasts=DAY)
    for name, purposes in (("nobody", []), ("retention_desk", ["pricing"])):
        with pytest.raises(UnknownSubjectError):
            issue_for_consumer(store, CONSUMERS, name, purposes, by="b", at=NOW, lasts=DAY)
    with pytest.raises(UnknownSubjectError):
        issue_for_role(store, "root", "alice", by="b", at=NOW, lasts=DAY)


def test_the_own_key_is_made_once_and_anew_before_it_expires(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, fsync=False)
    first = own_headers(settings, at=NOW)
    assert own_headers(settings, at=NOW + 75 * DAY) == first
    assert own_headers(settings, at=NOW + 77 * DAY) != first
    assert own_headers(settings, "me", at=NOW) != first
    assert stat.S_IMODE((settings.access_dir / "me").stat().st_mode) == 0o600
    assert own_headers(Settings(home=tmp_path / "other", access="open")) == {}
    assert not (tmp_path / "other").exists()
