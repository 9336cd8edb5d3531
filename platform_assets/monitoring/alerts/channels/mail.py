"""A bulletin as a mail of plain text."""

import contextlib
import datetime as dt
import smtplib
import socket
import ssl
from email.errors import HeaderParseError, MessageError
from email.message import EmailMessage
from email.utils import format_datetime

from platform_assets.alert_settings import AlertSettings
from platform_assets.errors import AlertNotTakenError
from platform_assets.monitoring.alerts.channels.deadline import WAIT_WITHIN_S, cut_off_after
from platform_assets.monitoring.alerts.message import Bulletin, as_text

_SUBJECT = 200


def send_mail(alerts: AlertSettings, address: str, bulletin: Bulletin, at: dt.datetime, *, within_s: float) -> None:
    """Hand a mail to the configured server; raises AlertNotTakenError."""
    if alerts.smtp is None:
        raise AlertNotTakenError(where=address, problem="PLATFORM_ALERT_SMTP is not configured any more")
    host, _, port = alerts.smtp.rpartition(":")
    # Its own name is told, because smtplib would ask a name server for it, and wait.
    server = smtplib.SMTP(local_hostname=socket.gethostname(), timeout=min(within_s, WAIT_WITHIN_S))
    try:
        mail = mail_of(alerts.sender, address, bulletin, at)
        with cut_off_after(within_s, lambda: server.sock):
            _hand_over(server, alerts, host.strip("[]"), int(port), mail)
        with contextlib.suppress(OSError):  # it is taken, so nobody waits for a farewell
            server.putcmd("quit")
    except (OSError, smtplib.SMTPException, MessageError, ValueError) as error:
        raise AlertNotTakenError(where=alerts.smtp, problem=str(error) or type(error).__name__) from error
    finally:
        server.close()


def mail_of(sender: str, address: str, bulletin: Bulletin, at: dt.datetime) -> EmailMessage:
    """Return a mail whose Message-ID is the same in every attempt; raises HeaderParseError for no single address."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = address
    if [each.addr_spec for each in mail["To"].addresses] != [address] or "@" not in address:
        problem = f"{address!r} is not one mail address"
        raise HeaderParseError(problem)
    # One line, whatever names and causes hold: a header must not begin another one.
    line = " ".join("".join(c if c.isprintable() else " " for c in bulletin.headline).split())
    mail["Subject"] = line[:_SUBJECT]
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{bulletin.key}@{sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(as_text(bulletin))
    return mail


def _hand_over(server: smtplib.SMTP, alerts: AlertSettings, host: str, port: int, mail: EmailMessage) -> None:
    server.connect(host, port)
    server.ehlo_or_helo_if_needed()
    if alerts.smtp_tls == "required" or server.has_extn("starttls"):
        # smtplib checks the certificate against this name, which `connect` does not keep.
        server._host = host  # type: ignore[attr-defined]  # noqa: SLF001 - only the constructor sets it, and it connects
        server.starttls(context=_context(alerts))
        server.ehlo()
    if alerts.smtp_user:
        server.login(alerts.smtp_user, alerts.smtp_password or "")
    server.send_message(mail)


def _context(alerts: AlertSettings) -> ssl.SSLContext:
    """Return how to encrypt: with a checked certificate where it is required, else with whatever is offered."""
    context = ssl.create_default_context()
    if alerts.smtp_tls == "offered":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
