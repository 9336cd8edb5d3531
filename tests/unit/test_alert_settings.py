"""Where alerts go is read whole or refused by the name of its variable, and secrets show nowhere."""

import base64

import pytest

from platform_assets.errors import InvalidSettingError
from platform_assets.settings import Settings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ALL = {
    "PLATFORM_ALERT_WEBHOOK": "https://alerts.example.com/in?token=t0ken",
    "PLATFORM_ALERT_SECRET": SECRET,
    "PLATFORM_ALERT_SLACK": "https://hooks.example.com/services/T/B/hidden",
    "PLATFORM_ALERT_SMTP": "mail.example.com:587",
    "PLATFORM_ALERT_SMTP_TLS": "required",
    "PLATFORM_ALERT_SMTP_USER": "alerts",
    "PLATFORM_ALERT_SMTP_PASSWORD": "pa55word",
    "PLATFORM_ALERT_FROM": "alerts@example.com",
    "PLATFORM_ALERT_DAGSTER_URL": "https://dagster.example.com",
}


def test_every_variable_of_alerts_survives_the_way_through_the_environment() -> None:
    read = Settings.from_environment(ALL).alerts
    assert read.variables == ALL


def test_no_secret_of_the_settings_is_in_their_repr() -> None:
    env = {**ALL, "REDIS_URL": "redis://:hush@there/0", "PLATFORM_LEDGER_URL": "postgresql://me:whisper@there/x"}
    shown = repr(Settings.from_environment(env))
    assert [secret for secret in (SECRET, "t0ken", "hidden", "pa55word", "hush", "whisper") if secret in shown] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLATFORM_ALERT_WEBHOOK", "file:///etc/passwd"),
        ("PLATFORM_ALERT_WEBHOOK", "https://me:secret@there/"),
        ("PLATFORM_ALERT_SLACK", "https://there:99999/"),
        ("PLATFORM_ALERT_SLACK", "https:///nowhere"),
        ("PLATFORM_ALERT_SLACK", "https://there/a b"),
        ("PLATFORM_ALERT_SECRET", "short"),
        ("PLATFORM_ALERT_SECRET", "whsec_no base64 at all, and long"),
        ("PLATFORM_ALERT_SECRET", "whsec_c2hvcnQ="),
        ("PLATFORM_ALERT_SECRET", ""),
        ("PLATFORM_ALERT_SMTP", "mail.example.com"),
        ("PLATFORM_ALERT_SMTP_TLS", "maybe"),
        ("PLATFORM_ALERT_SMTP_TLS", "offered"),
        ("PLATFORM_ALERT_FROM", "Alerts <a@example.com>"),
        ("PLATFORM_ALERT_FROM", "a@example.com\nBcc: b@example.com"),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(InvalidSettingError, match=name) as refused:
        Settings.from_environment({**ALL, name: value})
    assert "SMTP" in name or "FROM" in name or not value or value not in str(refused.value)
