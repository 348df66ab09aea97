"""The commands of ``python -m app breach``. What is slow to import is imported when a command runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import click

from app.settings import Settings

_TIMES = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")


@click.group(help="Write down a breach of personal data, tell the accounts it concerns, see who has read it.")
def breach() -> None:
    """Art. 33 GDPR."""


@breach.command(help="Write a breach down and count what was in reach. Tells nobody yet.")
@click.option("--nature", required=True, help="What happened, in a sentence that names nobody.")
@click.option("--found", type=click.DateTime(_TIMES), help="When you became aware (UTC); now, if not said.")
@click.option("--since", type=click.DateTime(_TIMES), help="Begin of the time it concerns (UTC).")
@click.option("--until", type=click.DateTime(_TIMES), help="End of it; webinars made later are not counted (UTC).")
@click.option("--account", "accounts", multiple=True, help="Id of an account; all, if not said.")
@click.option("--webinar", "webinars", multiple=True, help="Id of a webinar; all, if not said.")
@click.option("--store", "stores", multiple=True, help="Name of a store of the register, such as message; all, if not said.")
@click.option("--consequences", default="", help="Likely consequences.")
@click.option("--measures", default="", help="Measures taken or proposed.")
@click.option("--keys-exposed", is_flag=True, help="Keys were exposed too, so sealed values count as readable.")
@click.pass_obj
def declare(settings: Settings, /, found: datetime | None, since: datetime | None, until: datetime | None, **facts: Any) -> None:
    """Scope and facts."""
    times = {"found_at": _utc(found), "since": _utc(since), "until": _utc(until)}
    _breach_lines(settings, "declare", {**facts, **times})


@breach.command("list", help="The register of breaches (Art. 33(5)).")
@click.pass_obj
def breach_list(settings: Settings) -> None:
    """All of them."""
    _breach_lines(settings, "listed")


@breach.command(help="One breach: numbers per account, the clock, and who has read it.")
@click.argument("breach_id")
@click.pass_obj
def show(settings: Settings, breach_id: str) -> None:
    """Everything known."""
    _breach_lines(settings, "shown", breach_id)


@breach.command(help="Tell the owners and administrators of every account in reach, by mail, webhook and on their pages.")
@click.argument("breach_id")
@click.pass_obj
def notify(settings: Settings, breach_id: str) -> None:
    """Without undue delay."""
    _breach_lines(settings, "notify", breach_id)


@breach.command(help="Add what was learnt since; whoever has read it is told again on their pages.")
@click.argument("breach_id")
@click.option("--consequences", default="")
@click.option("--measures", default="")
@click.pass_obj
def add(settings: Settings, breach_id: str, consequences: str, measures: str) -> None:
    """In phases (Art. 33(4))."""
    _breach_lines(settings, "add", breach_id, consequences, measures)


@breach.command(help="Nothing more is to be done; it stays in the register.")
@click.argument("breach_id")
@click.pass_obj
def close(settings: Settings, breach_id: str) -> None:
    """Closed."""
    _breach_lines(settings, "close", breach_id)


def _breach_lines(settings: Settings, verb: str, *given: object) -> None:
    from app.core.errors import Problem
    from app.reports import breach_command

    try:
        for line in asyncio.run(getattr(breach_command, verb)(settings, *given)):
            click.echo(line)
    except Problem as problem:
        said = next(iter(problem.fields.values()), problem.text)
        raise click.ClickException(said.format(**problem.params)) from problem


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
