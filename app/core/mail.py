"""Mails by SMTP: one message with a text and an HTML form, handed to the operator's mail server.

To a server on another machine a mail travels encrypted or not at all. What a server says when it refuses may repeat the address
of who was to get the mail, so only its number is passed on.
"""

from __future__ import annotations

import ipaddress
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.settings import Settings

TIMEOUT = 15.0


class MailNotSent(Exception):
    """The mail server did not take the mail."""


class Mailer:
    """The way out to the operator's mail server."""

    def __init__(self, settings: Settings) -> None:
        self._server = urlsplit(settings.smtp_url)
        self._from = settings.mail_from

    @property
    def ready(self) -> bool:
        """False when no mail server is set: then nothing is sent, and pages show links to copy."""
        return bool(self._server.hostname)

    async def send(self, to: str, subject: str, text: str, html: str) -> None:
        """Hand over one mail. Raises :class:`MailNotSent`."""
        host = self._server.hostname or ""
        tls = self._server.scheme == "smtps"
        try:
            await aiosmtplib.send(
                self._message(to, subject, text, html),
                hostname=host,
                port=self._server.port or (465 if tls else 587),
                username=unquote(self._server.username) if self._server.username else None,
                password=unquote(self._server.password) if self._server.password else None,
                use_tls=tls,
                start_tls=not tls and not loopback(host),
                timeout=TIMEOUT,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotSent(_reason(error)) from None

    def _message(self, to: str, subject: str, text: str, html: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._from
        message["To"] = to
        message["Subject"] = " ".join(subject.split())
        # The name of this machine, which the default would put here, is nobody's business.
        message["Message-ID"] = make_msgid(domain=parseaddr(self._from)[1].rpartition("@")[2] or "localhost")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        return message


def loopback(host: str) -> bool:
    """True when ``host`` is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: Exception) -> str:
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__
