"""Mails to another machine travel encrypted or not at all: real TLS servers, certificates of an authority of the tests' own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from app.core.mail import Mailer, MailNotSent
from app.settings import Settings
from tests.support.certificates import Authority
from tests.support.ports import find_free_port
from tests.support.smtp import Mailbox

HOST = socket.gethostname()
"""This machine by a name of its own: only ``localhost`` gets mails in clear."""
TO = "max@example.org"


@contextmanager
def server(host: str = "0.0.0.0", **options: Any) -> Iterator[Mailbox]:
    mailbox = Mailbox(find_free_port())
    controller = Controller(mailbox, hostname=host, port=mailbox.port, server_hostname=HOST, **options)
    controller.start()
    yield mailbox
    controller.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def send(port: int, tls: ssl.SSLContext | None, scheme: str = "smtp") -> None:
    await Mailer(Settings(smtp_url=f"{scheme}://{HOST}:{port}"), tls).send(TO, "Hello", "Hello", "<p>Hello</p>")


async def test_starttls_is_used(authority: Authority) -> None:
    with server(tls_context=authority.serving(HOST), require_starttls=True) as mailbox:
        await send(mailbox.port, authority.trusting())
        assert [str(mail["Subject"]) for mail in mailbox.to(TO)] == ["Hello"]


async def test_tls_from_the_first_byte_is_used(authority: Authority) -> None:
    with server(ssl_context=authority.serving(HOST)) as mailbox:
        await send(mailbox.port, authority.trusting(), "smtps")
        assert len(mailbox.to(TO)) == 1


async def test_a_server_without_tls_gets_nothing(authority: Authority) -> None:
    with server() as mailbox:
        with pytest.raises(MailNotSent):
            await send(mailbox.port, authority.trusting())
        assert mailbox.mails == []


async def test_a_certificate_of_a_stranger_or_for_another_name_is_refused(authority: Authority) -> None:
    for context, tls in ((authority.serving(HOST), None), (authority.serving("elsewhere.example"), authority.trusting())):
        with server(tls_context=context, require_starttls=True) as mailbox:
            with pytest.raises(MailNotSent):
                await send(mailbox.port, tls)
            assert mailbox.mails == []
