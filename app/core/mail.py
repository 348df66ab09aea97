"""Mails by SMTP: one message with a text and an HTML form, handed to the operator's mail server.

To a server on another machine a mail travels encrypted or not at all. What a server says when it refuses may repeat the address
of who was to get the mail, so only its number is passed on.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from app.settings import Settings

TIMEOUT = 15.0


class MailNotSent(Exception):
    """The mail server did not take the mail; ``refused`` when it never will (a reply of 5xx, such as for an unknown address)."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


class Attachment(msgspec.Struct, frozen=True):
    """A file that travels with a mail."""

    name: str
    media_type: str
    data: bytes
    params: Mapping[str, str] = {}


class Outbox(Protocol):
    """Where mails go: the operator's server, or the mailbox page of the demo."""

    @property
    def ready(self) -> bool:
        """Whether mails can be sent at all."""
        ...

    @property
    def mailbox(self) -> str:
        """Path of a page that shows the mails, for people who try things out; empty where they really go."""
        ...

    async def send(self, to: str, subject: str, text: str, html: str, attachments: Sequence[Attachment] = ()) -> None:
        """Hand over one mail. Raises :class:`MailNotSent`."""
        ...


class Mailer:
    """The way out to the operator's mail server."""

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None = None) -> None:
        """``tls``: whose certificates are believed; the system's, if not said."""
        self._tls = tls
        self._server = urlsplit(settings.smtp_url)
        self._from = settings.mail_from

    @property
    def ready(self) -> bool:
        """False when no mail server is set: then nothing is sent, and pages show links to copy."""
        return bool(self._server.hostname)

    @property
    def mailbox(self) -> str:
        """They really go."""
        return ""

    async def send(self, to: str, subject: str, text: str, html: str, attachments: Sequence[Attachment] = ()) -> None:
        """Hand over one mail. Raises :class:`MailNotSent`."""
        host = self._server.hostname or ""
        tls = self._server.scheme == "smtps"
        try:
            await aiosmtplib.send(
                self.message(to, subject, text, html, attachments),
                hostname=host,
                port=self._server.port or (465 if tls else 587),
                username=unquote(self._server.username) if self._server.username else None,
                password=unquote(self._server.password) if self._server.password else None,
                use_tls=tls,
                start_tls=not tls and not loopback(host),
                tls_context=self._tls,
                timeout=TIMEOUT,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailNotSent(_reason(error), refused=_refused(error)) from None

    def message(self, to: str, subject: str, text: str, html: str, attachments: Sequence[Attachment] = ()) -> EmailMessage:
        """The mail as it travels."""
        message = EmailMessage()
        message["From"] = self._from
        message["To"] = to
        message["Subject"] = " ".join(subject.split())
        # The name of this machine, which the default would put here, is nobody's business.
        message["Message-ID"] = make_msgid(domain=parseaddr(self._from)[1].rpartition("@")[2] or "localhost")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        for one in attachments:
            main, _, sub = one.media_type.partition("/")
            message.add_attachment(one.data, maintype=main, subtype=sub, filename=one.name, params=dict(one.params))
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


def _refused(error: Exception) -> bool:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(500 <= one.code < 600 for one in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and 500 <= error.code < 600
