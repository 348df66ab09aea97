"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import re
from pathlib import Path

import app.main
from app import cli
from app.core.db import Base
from app.privacy.map import undeclared
from app.protocol.events import EVENTS
from app.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]


def test_every_column_says_whether_it_is_personal() -> None:
    assert app.main.create_app is not None
    assert undeclared(Base.metadata) == []


def test_every_setting_is_documented_and_no_other() -> None:
    table = re.findall(rf"^\| `({PREFIX}[A-Z_]+)` \|", (ROOT / "docs" / "operate.md").read_text(), re.MULTILINE)
    assert table == [PREFIX + field.upper() for field in Settings.__struct_fields__]


def test_settings_named_in_the_pages_exist() -> None:
    known = {PREFIX + field.upper() for field in Settings.__struct_fields__}
    known |= {f"{setting}_FILE" for setting in known}
    known.add(f"{PREFIX}SCREENSHOTS")  # a wish to the tests, see CONTRIBUTING.md
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = {setting for page in pages for setting in re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", page.read_text())}
    assert named - known == set()


def test_commands_named_in_the_pages_exist() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "Procfile"]
    named = {command for page in pages for command in re.findall(r"python -m app ([a-z]+)", page.read_text())}
    assert named - set(cli.main.commands) == set()


def test_every_bench_is_documented() -> None:
    benches = {path.stem for path in (ROOT / "bench").glob("*.py") if not path.name.startswith("_")}
    listed = set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs" / "benchmarks.md").read_text(), re.MULTILINE))
    assert listed == benches


def test_every_event_of_webhooks_is_documented_with_its_meaning() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \| (.*?) \|$", (ROOT / "docs" / "webhooks.md").read_text(), re.MULTILINE)
    assert dict(rows) == EVENTS
