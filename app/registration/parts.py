"""The parts of registration joined, so that ``app.main`` names one thing."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import Route

from app.consent.mydata import MyData
from app.core.jobs import Handler
from app.core.mail import Outbox
from app.core.templates import Pages
from app.core.tokens import Tokens
from app.core.unit import Work
from app.privacy.erase.pipeline import Pipeline
from app.privacy.files import Shelf
from app.privacy.vault import Vault
from app.registration import jobs
from app.registration.directory import Directory
from app.registration.door import RegistrationDoor
from app.registration.eraser import RegistrationEraser
from app.registration.home_pages import HomePages
from app.registration.imports import Imports
from app.registration.links import Links
from app.registration.list_pages import ListPages
from app.registration.mail_pages import MailPages
from app.registration.mails import MailRoom
from app.registration.pages import SignUpPages
from app.registration.registrants_pages import RegistrantsPages
from app.registration.rounds import TICK, Rounds
from app.registration.setup_pages import SetupPages
from app.registration.work import RegistrationWork
from app.rooms.pages import RoomPages
from app.rooms.seats import Seats
from app.settings import Settings


class Registration:
    """Door, pages, jobs and eraser of registration."""

    def __init__(self, settings: Settings, work: Work, vault: Vault, seats: Seats, pages: Pages, mailer: Outbox) -> None:
        tokens = Tokens(settings.secret)
        self._settings = settings
        self._work = work
        self._vault = vault
        self._seats = seats
        self._mailer = mailer
        self.links = Links(tokens, settings.origin)
        self.my_data = MyData(tokens, settings.origin)
        self.mail_room = MailRoom(pages, self.links, settings.origin, self.my_data.link)
        self.directory = Directory(work, vault)
        work.add_sink(self.directory.heard)
        self._imports = Imports(work, vault, Shelf(settings.data_dir))
        self.door = RegistrationDoor(work, vault, seats)
        self.eraser = RegistrationEraser(vault, mailer, self.mail_room)

    def handlers(self) -> Mapping[str, Handler]:
        """Background jobs."""
        own = RegistrationWork(self._work, self._vault, self._mailer, self.mail_room).handlers()
        return {**own, jobs.CLEAR: self._imports.clear, TICK: Rounds(self._work).tick}

    def routes(self, rooms: RoomPages, pipeline: Pipeline) -> list[Route]:
        """Pages; they come before those of the rooms."""
        sign_up = SignUpPages(self._settings, self._work, self._vault, self._seats, self.links, self.my_data, self._mailer, rooms)
        return [
            *sign_up.routes(),
            *SetupPages(self._work, self._mailer, self._settings.origin).routes(),
            *HomePages(self._work, self._vault, self._settings.origin).routes(),
            *ListPages(self._work, self._vault, self._imports).routes(),
            *MailPages(self._work, self.mail_room, self._mailer).routes(),
            *RegistrantsPages(self._work, self._vault, self.directory, pipeline).routes(),
        ]
