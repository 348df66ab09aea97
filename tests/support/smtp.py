"""A real SMTP server that keeps what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.ports import find_free_port
from tests.support.until import until


class Mailbox:
    """Every mail delivered so far, in order."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"smtp://127.0.0.1:{port}"
        self.mails: list[EmailMessage] = []
        self.refuse = ""
        """When set, every mail is answered with this line (``451 try later``)."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  the library's name
        """Called by the SMTP server, in its own thread, for each mail."""
        if self.refuse:
            return self.refuse
        mail = message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
        mail["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.mails.append(mail)
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        """Mails delivered to ``address``."""
        return [mail for mail in self.mails if address in str(mail["X-Envelope-To"]).split(", ")]

    async def arrives(self, address: str, *, count: int = 1, within: float = 15) -> EmailMessage:
        """The newest mail to ``address``, once there are ``count``."""
        await until(lambda: len(self.to(address)) >= count, within=within, what=f"{count} mails to {address}")
        return self.to(address)[-1]


@pytest.fixture
def smtp_server() -> Iterator[Mailbox]:
    """A mail server on a free port; ``smtp_server.url`` is what the product's setting wants."""
    mailbox = Mailbox(find_free_port())
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    yield mailbox
    controller.stop()
