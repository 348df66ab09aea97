"""The demo's mailbox: where a demo without a mail server keeps its mails, in memory, and the page that shows them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.core.errors import not_found
from app.core.http import page
from app.core.mail import Attachment, Mailer
from app.settings import Settings

KEPT = 200


class DemoMailbox:
    """Implements :class:`app.core.mail.Outbox`: the newest mails of this process, forgotten with it."""

    def __init__(self, settings: Settings) -> None:
        self._mailer = Mailer(settings)
        self.mails: deque[tuple[datetime, EmailMessage]] = deque(maxlen=KEPT)

    @property
    def ready(self) -> bool:
        """It takes every mail."""
        return True

    @property
    def mailbox(self) -> str:
        """Where they are to be seen."""
        return "/demo/mailbox"

    async def send(self, to: str, subject: str, text: str, html: str, attachments: Sequence[Attachment] = ()) -> None:
        """Keep one mail."""
        self.mails.appendleft((datetime.now(UTC), self._mailer.message(to, subject, text, html, attachments)))

    def routes(self) -> list[BaseRoute]:
        """For the URL map."""
        return [Route("/demo/mailbox", self.list), Route("/demo/mailbox/{number:int}/{name}", self.attachment)]

    async def list(self, request: Request) -> Response:
        """All mails, newest first."""
        mails = [_shown(number, at, mail) for number, (at, mail) in enumerate(self.mails)]
        return page(request, "demo/mailbox.html", mails=mails)

    async def attachment(self, request: Request) -> Response:
        """A file that came with a mail."""
        number, name = request.path_params["number"], request.path_params["name"]
        if number < len(self.mails):
            for part in list(self.mails)[number][1].iter_attachments():
                if part.get_filename() == name:
                    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
                    return Response(part.get_payload(decode=True), media_type=part.get_content_type(), headers=headers)
        raise not_found()


def _shown(number: int, at: datetime, mail: EmailMessage) -> dict[str, Any]:
    plain = mail.get_body(("plain",))
    return {
        "number": number,
        "at": at,
        "to": str(mail["To"]),
        "subject": str(mail["Subject"]),
        "text": plain.get_content() if plain else "",
        "files": [part.get_filename() or "" for part in mail.iter_attachments()],
    }
