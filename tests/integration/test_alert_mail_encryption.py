"""Mail is encrypted where the server offers it, and where it is required only for a server that proves its name."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from platform_assets.alert_settings import AlertSettings
from platform_assets.errors import AlertNotTakenError
from platform_assets.monitoring.alerts.channels.mail import send_mail
from platform_assets.monitoring.alerts.message import Bulletin
from tests.integration.alert_receivers import mail_server

NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
BULLETIN = Bulletin(key="ab" * 16, headline="late", severity="minor", is_recovery=False, created_at=NOW, alerts=())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate of this machine's loopback address, signed by itself, in one file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of the tests")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_bytes(key.private_bytes(encoding, *plain) + made.public_bytes(encoding))
    return path


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def send(port: int, alerts: AlertSettings) -> None:
    send_mail(alerts, "crm@example.com", BULLETIN, NOW, within_s=5.0)
    assert alerts.smtp == f"127.0.0.1:{port}"


def test_a_server_that_offers_encryption_gets_the_mail_encrypted(own_port: int, server_side: ssl.SSLContext) -> None:
    with mail_server(own_port, server_side) as mailbox:
        send(own_port, AlertSettings(smtp=f"127.0.0.1:{own_port}"))
    assert mailbox.was_encrypted == [True]


def test_a_server_that_does_not_prove_its_name_gets_nothing_where_that_is_required(
    own_port: int, server_side: ssl.SSLContext
) -> None:
    with mail_server(own_port, server_side) as mailbox, pytest.raises(AlertNotTakenError, match="certificate"):
        send(own_port, AlertSettings(smtp=f"127.0.0.1:{own_port}", smtp_tls="required"))
    assert mailbox.mails == []


def test_a_server_that_proves_its_name_gets_the_mail(
    own_port: int, server_side: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(own_port, server_side) as mailbox:
        send(own_port, AlertSettings(smtp=f"127.0.0.1:{own_port}", smtp_tls="required"))
    assert mailbox.was_encrypted == [True]
