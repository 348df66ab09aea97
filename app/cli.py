"""``python -m app``: serve, media, work, migrate, demo, doctor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from datetime import datetime
from pathlib import Path

import click
import msgspec

from app.reports.breach_cli import breach
from app.settings import Settings, SettingsError, load

ROOT = Path(__file__).resolve().parents[1]


@click.group(help="Lectern: a self-hosted webinar platform that forgets.")
@click.pass_context
def main(context: click.Context) -> None:
    """All commands share the settings."""
    try:
        context.obj = load(os.environ)
        if context.invoked_subcommand == "breach":
            # It counts what is in reach, so every table must be known; reports stand below and cannot import this.
            from app import main as _tables  # noqa: F401
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


@main.command(help="Run the web process; in the embedded default also media and jobs.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.pass_obj
def serve(settings: Settings, host: str | None, port: int | None) -> None:
    """Serve people."""
    settings = msgspec.structs.replace(settings, host=host or settings.host, port=port or settings.port)
    _serve(settings)


@main.command(help="Migrate, seed the demo where it is wanted, and serve: what bin/run does.")
@click.pass_obj
def up(settings: Settings) -> None:
    """Everything in one go."""
    upgrade(settings)
    if settings.demo:
        from app.demo.seed import seed, sign_ins

        asyncio.run(seed(settings))
        for line in sign_ins():
            click.echo(line)
    click.echo(f"\nLectern is at {settings.public_url}\n")
    _serve(settings)


@main.command(help="Run a media process.")
@click.pass_obj
def media(settings: Settings) -> None:
    """Take in and hand out pictures and sound."""
    _check_hosts(settings)
    _no_core_dumps()
    import uvloop

    from app.media.process import run

    _log(settings)
    uvloop.run(run(settings))


@main.command(help="Run background jobs until stopped.")
@click.pass_obj
def work(settings: Settings) -> None:
    """Jobs only."""
    _check_hosts(settings)
    _no_core_dumps()
    asyncio.run(_work(settings))


@main.command(help="Bring the database to this version.")
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Run the migrations."""
    upgrade(settings)
    click.echo("The database is up to date.")


@main.command(help="Fill an empty database with a lively demo account.")
@click.pass_obj
def demo(settings: Settings) -> None:
    """Seed the demo."""
    from app.demo.seed import seed

    for line in asyncio.run(seed(settings)):
        click.echo(line)


@main.command(help="Say what is missing here, and what that costs.")
@click.pass_obj
def doctor(settings: Settings) -> None:
    """Look at the machine and the settings."""
    from app.doctor import examine

    findings = asyncio.run(examine(settings))
    for finding in findings:
        click.echo(f"{'ok  ' if finding.good else 'LOOK'}  {finding.text}")
    if not all(finding.good or not finding.stops for finding in findings):
        raise SystemExit(1)


@main.command(help="Print a link with which somebody of the staff chooses a new password.")
@click.argument("email")
@click.pass_obj
def resetlink(settings: Settings, email: str) -> None:
    """For a server that sends no mails."""
    found = asyncio.run(_reset_link(settings, email))
    if not found:
        raise click.ClickException("Nobody with this address works here.")
    click.echo(f"Works once, for one hour:\n{found}")


@main.command(
    help="Write an account into an archive that another server reads with `import`. The account sees that you did, and why."
)
@click.argument("account")
@click.argument("to", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="Why you take the account's data, in a sentence.")
@click.pass_obj
def archive(settings: Settings, account: str, to: Path, reason: str) -> None:
    """The archive is as confidential as all it holds: keys are in it."""
    from app import main as _tables  # noqa: F401 - every table must be known
    from app.core.errors import Problem
    from app.reports.portability import command

    try:
        for line in asyncio.run(command.write(settings, account, to, reason)):
            click.echo(line)
    except Problem as problem:
        raise click.ClickException(problem.text) from problem


@main.command("import", help="Read the archive of an account into this server, which must not know the account.")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_(settings: Settings, source: Path) -> None:
    """Everything or nothing."""
    from app import main as _tables  # noqa: F401 - every table must be known
    from app.reports.portability import command
    from app.reports.portability.restore import NotImported

    try:
        for line in asyncio.run(command.read(settings, source)):
            click.echo(line)
    except NotImported as error:
        raise click.ClickException(str(error)) from error


main.add_command(breach)


def _serve(settings: Settings) -> None:
    _check_hosts(settings)
    _check_ports(settings)
    _no_core_dumps()
    import uvloop

    from app.core.assets import LibrariesMissing
    from app.privacy.keystore import KeyStoreError
    from app.privacy.ledger import LedgerBroken
    from app.serve import serve as run

    _log(settings)
    try:
        # Ctrl-C is how people end it: the servers have closed in good order by then.
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(run(settings))
    except (LibrariesMissing, KeyStoreError, LedgerBroken) as error:
        raise click.ClickException(str(error)) from error


@main.command(help="Check a certificate of erasure, offline.")
@click.argument("certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(certificate: Path) -> None:
    """Signature and contents."""
    from app.privacy.certificate import CertificateWrong, signed

    try:
        claim = signed(certificate.read_bytes())
    except CertificateWrong as error:
        raise click.ClickException(str(error)) from error
    click.echo(msgspec.json.format(claim, indent=2).decode())
    click.echo("The signature is right.")


@main.command(help="Wrap all keys by a new operator key; no stored value changes. While the product does not run.")
@click.option("--to", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with the new key in base64.")
@click.pass_obj
def rekey(settings: Settings, to: Path | None) -> None:
    """Rotation of the operator key."""
    import secrets

    from app.privacy.keystore import KeyStoreError, read_key, rotate

    if settings.operator_key and to is None:
        raise click.UsageError("Your key comes from the settings: say --to FILE with the new one, then set it.")
    try:
        fresh = read_key(to.read_text().strip()) if to else secrets.token_bytes(32)
        number = rotate(settings.keys_path, settings.operator_key, fresh)
    except KeyStoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{number} keys are wrapped by the new operator key.")
    if settings.operator_key:
        click.echo("Set LECTERN_OPERATOR_KEY to it before the next start.")


@main.command(help="Check the audit logs of all accounts: code 1 when an entry was changed, removed or added.")
@click.pass_obj
def audit(settings: Settings) -> None:
    """The chains of the logs."""
    from app.reports.operator import check_logs

    broken = False
    for account_id, wrong in asyncio.run(check_logs(settings)):
        broken = broken or wrong is not None
        click.echo(f"{account_id}  {'whole' if wrong is None else f'CHANGED at entry {wrong}'}")
    if broken:
        raise SystemExit(1)


@main.command(help="Accounts that object to a change of the list of sub-processors, and why.")
@click.pass_obj
def objections(settings: Settings, /) -> None:
    """Art. 28(2) GDPR."""
    from app.reports import operator

    for line in asyncio.run(operator.objections(settings)):
        click.echo(line)


@main.command(help="End an account's plan on a day, or keep it. Its team is told; on the day everything of it is erased.")
@click.argument("account")
@click.option("--ends", type=click.DateTime(["%Y-%m-%d"]), help="The day, at least two weeks from now.")
@click.option(
    "--choice", type=click.Choice(["return", "erase"]), default="return", help="Return everything before, or only erase."
)
@click.option("--keep", is_flag=True, help="Take the end back.")
@click.pass_obj
def plan(settings: Settings, account: str, ends: datetime | None, choice: str, keep: bool) -> None:
    """What an owner does on the account's page."""
    from app.core.errors import Problem
    from app.reports.operator import end_plan

    if keep == (ends is not None):
        raise click.UsageError("Say either --ends DAY or --keep.")
    try:
        said = asyncio.run(end_plan(settings, account, ends, choice))
    except Problem as problem:
        raise click.ClickException(" ".join(problem.fields.values()) or problem.text) from problem
    click.echo(said)


@main.command(help="Write everything of an account to a ZIP. The account sees in its log that you did, and why.")
@click.argument("account")
@click.argument("to", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="Why you need to see this account's data, in a sentence.")
@click.pass_obj
def export(settings: Settings, account: str, to: Path, reason: str) -> None:
    """Opens an access of one hour, which the account sees."""
    from app import main as _tables  # noqa: F401 - every table must be known
    from app.core.errors import Problem
    from app.reports.operator import export_account

    try:
        rows, files = asyncio.run(export_account(settings, account, to, reason))
    except Problem as problem:
        raise click.ClickException(problem.text) from problem
    click.echo(f"Written: {to} ({rows} rows, {files} files). It is in clear: keep it safe, and erase it when it was handed over.")


@main.command(help="Print the data register: everything that is stored about people.")
@click.option("--format", "form", type=click.Choice(["json", "csv", "yaml"]), default="json")
@click.option("--account", default="", help="With what this account added by forms and webhooks.")
@click.option("--webinar", default="", help="With the questions of one webinar of the account.")
@click.pass_obj
def register(settings: Settings, form: str, account: str, webinar: str) -> None:
    """From the declarations of the columns themselves."""
    from app import main as _tables  # noqa: F401 - every table must be known
    from app.core.db import Base
    from app.privacy.map import DataMap
    from app.privacy.register import register as read
    from app.reports.privacy_pages import FORMATS
    from app.stores import STORES

    declared = []
    if account:
        from app.reports.operator import declared_by

        declared = asyncio.run(declared_by(settings, account, webinar))
    click.echo(FORMATS[form][0](read(settings, DataMap(Base.metadata, STORES), declared)))


@main.command(help="Print the live protocol: AsyncAPI, JSON Schema, or the types of the browser's code.")
@click.option("--format", "form", type=click.Choice(["asyncapi", "json", "ts"]), default="asyncapi")
@click.option("--write", is_flag=True, help="Renew frontend/src/protocol/messages.d.ts.")
@click.pass_obj
def schema(settings: Settings, form: str, write: bool) -> None:
    """From the structs of app/protocol and the table of commands."""
    from app.documents import TYPES, documents

    made = documents(settings)
    if write:
        (ROOT / TYPES).write_text(made["ts"])
    else:
        click.echo(made[form], nl=False)


@main.command(help="Write a backup of database and files. Keys and ledger are not in it; back them up apart.")
@click.argument("to", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(settings: Settings, to: Path) -> None:
    """While the product runs."""
    from app.core.clock import Clock
    from app.privacy.backup import BackupError
    from app.privacy.backup import backup as write

    try:
        write(settings, to, Clock().now())
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Written: {to}")


@main.command(help="Put a backup back. At the next start the erasures it missed are replayed before anyone is served.")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Over the present data.")
@click.pass_obj
def restore(settings: Settings, source: Path, replace: bool) -> None:
    """While the product does not run."""
    from app.privacy.backup import BackupError
    from app.privacy.backup import restore as read

    try:
        read(settings, source, replace=replace)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo("Restored. Start Lectern: it replays missed erasures first.")


def upgrade(settings: Settings) -> None:
    """Run Alembic to the newest version, unless the database has it."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if asyncio.run(_newest(settings)):
        return
    from alembic.config import Config

    from alembic import command

    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["database_url"] = settings.database_url
    command.upgrade(config, "head")


async def _newest(settings: Settings) -> bool:
    """Whether there is nothing to migrate; Alembic alone would take a second to say so."""
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from app.core.db import open_engine

    engine = open_engine(settings.database_url)
    try:
        async with engine.connect() as connection:
            there = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all()
    except (SQLAlchemyError, OSError):
        return False
    finally:
        await engine.dispose()
    return list(there) == [max(path.stem.partition("_")[0] for path in (ROOT / "alembic" / "versions").glob("[0-9]*.py"))]


async def _reset_link(settings: Settings, email: str) -> str:
    from app.accounts import staff
    from app.accounts.reset import ResetLinks
    from app.core.clock import Clock
    from app.core.db import Database
    from app.core.unit import Unit

    database = Database(settings)
    try:
        async with database.sessions() as session:
            member = await staff.by_email(Unit(session, Clock().now()), email)
        return ResetLinks(settings).link(member) if member else ""
    finally:
        await database.close()


async def _work(settings: Settings) -> None:
    from app.main import join_parts

    _log(settings)
    parts = join_parts(settings)
    loop = asyncio.get_running_loop()
    dispatcher = parts.webhooks.dispatcher

    def stop() -> None:
        parts.worker.stop()
        dispatcher.stop()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)
    await asyncio.gather(parts.worker.run(), dispatcher.run())
    await parts.converting.close()
    await parts.broker.close()
    await parts.database.close()


def _log(settings: Settings) -> None:
    """Nothing personal in the logs, from here on; every table this process knows must be imported before."""
    from app.core.db import Base
    from app.core.logging import configure
    from app.privacy.logfilter import LogFilter
    from app.privacy.map import DataMap
    from app.stores import STORES

    configure(settings.log_level, LogFilter(DataMap(Base.metadata, STORES)))


def _check_hosts(settings: Settings) -> None:
    """No host that nobody declared sees data."""
    from app.core.subprocessors import Undeclared, check, external

    try:
        check(settings)
        if any(external(settings)):
            from datetime import UTC

            from app.accounts.processors import check_told

            asyncio.run(check_told(settings, datetime.now(UTC)))
    except Undeclared as error:
        raise click.ClickException(str(error)) from error


def _check_ports(settings: Settings) -> None:
    """Every port of this process is free, or it is said which is not and what to do."""
    ports = [(settings.host, settings.port, "--port or LECTERN_PORT")]
    if not settings.media_url and settings.media_port:
        ports.append((settings.media_host, settings.media_port, "LECTERN_MEDIA_PORT"))
    if settings.metrics_port:
        ports.append((settings.metrics_host, settings.metrics_port, "LECTERN_METRICS_PORT"))
    for host, port, setting in ports:
        try:
            socket.create_server((host, port)).close()
        except OSError as error:
            text = f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with {setting}."
            raise click.ClickException(text) from error


def _no_core_dumps() -> None:
    """A crash must not write people's words from memory to the disk."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
