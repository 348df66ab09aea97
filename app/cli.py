"""``python -m app``: serve, media, work, migrate, demo, doctor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import click
import msgspec

from app.settings import Settings, SettingsError, load

ROOT = Path(__file__).resolve().parents[1]


@click.group(help="Lectern: a self-hosted webinar platform that forgets.")
@click.pass_context
def main(context: click.Context) -> None:
    """All commands share the settings."""
    try:
        context.obj = load(os.environ)
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
    _no_core_dumps()
    import uvloop

    from app.media.process import run

    _log(settings)
    uvloop.run(run(settings))


@main.command(help="Run background jobs until stopped.")
@click.pass_obj
def work(settings: Settings) -> None:
    """Jobs only."""
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


def _serve(settings: Settings) -> None:
    _check_port(settings)
    _no_core_dumps()
    import uvloop

    from app.serve import serve as run

    _log(settings)
    # Ctrl-C is how people end it: the servers have closed in good order by then.
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(run(settings))


@main.command(help="Check a certificate of erasure, offline.")
@click.argument("certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(certificate: Path) -> None:
    """Signature and contents."""
    from app.privacy.certificate import CertificateWrong
    from app.privacy.certificate import verify as check

    try:
        claim = check(certificate.read_bytes())
    except CertificateWrong as error:
        raise click.ClickException(str(error)) from error
    click.echo(msgspec.json.format(msgspec.json.encode(claim), indent=2).decode())
    click.echo("The signature is right.")


@main.command(help="Print the data register: everything that is stored about people.")
@click.option("--format", "form", type=click.Choice(["json", "csv", "yaml"]), default="json")
@click.pass_obj
def register(settings: Settings, form: str) -> None:
    """From the declarations of the columns themselves."""
    from app import main as _tables  # noqa: F401 - every table must be known
    from app.core.db import Base
    from app.privacy.map import DataMap
    from app.privacy.register import register as read
    from app.reports.privacy_pages import FORMATS
    from app.stores import STORES

    click.echo(FORMATS[form][0](read(settings, DataMap(Base.metadata, STORES))))


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
    """Run Alembic to the newest version."""
    from alembic.config import Config

    from alembic import command

    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["database_url"] = settings.database_url
    command.upgrade(config, "head")


async def _work(settings: Settings) -> None:
    from app.main import join_parts

    _log(settings)
    parts = join_parts(settings)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, parts.worker.stop)
    await parts.worker.run()
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


def _check_port(settings: Settings) -> None:
    try:
        socket.create_server((settings.host, settings.port)).close()
    except OSError as error:
        text = f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another with --port or LECTERN_PORT."
        raise click.ClickException(text) from error


def _no_core_dumps() -> None:
    """A crash must not write people's words from memory to the disk."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
