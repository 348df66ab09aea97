"""The protocol's page names every command, entity, code and frame there is, and no other; the first pages say how to begin.

Settings, commands of the shell and benches are held by ``test_documented``.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from app.main import command_table
from app.protocol import entities, frames
from app.protocol.codes import Close, come_back
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
OFF_THE_SOCKET = {
    "pages",
    "webinars",
    "seats",
    "pictures",
    "state_pages",
    "door",
    "series",
    "copies",
    "handout_pages",
}
"""Modules of the rooms whose refusals only pages show."""
RAISED = re.compile(r'Problem\(\s*"([a-z_.]+)"')


def section(page: str, heading: str) -> str:
    """Text below a heading, up to the next."""
    return page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(text: str) -> set[str]:
    """Names between backticks in the first column of a table."""
    cells = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def tags(module: object, field: str) -> set[str]:
    """Tags of the structs of ``module`` that carry theirs in ``field``."""
    structs = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    return {str(one.__struct_config__.tag) for one in structs if one.__struct_config__.tag_field == field}


def test_every_command_is_in_the_protocol_and_no_other(tmp_path: Path) -> None:
    table = command_table(Settings(data_dir=tmp_path / "data", secret="s" * 40))
    assert first_cells(section(PROTOCOL, "Commands")) == set(table.names)


def test_every_kind_of_entity_is_in_the_protocol_and_no_other() -> None:
    assert first_cells(section(PROTOCOL, "Entities")) == tags(entities, "kind")


def test_every_frame_is_in_the_protocol() -> None:
    said = first_cells(section(PROTOCOL, "What the server says"))
    # `ok` and `change` are joined from bytes, so they have no struct.
    assert said | {"hello", "sync"} == tags(frames, "type") | {"ok", "change"}
    assert {name for name in ("hello", "sync") if f'"type":"{name}"' not in PROTOCOL} == set()


def test_every_close_code_is_in_the_protocol_and_no_other() -> None:
    rows = re.findall(r"^\| (\d{4}) \| `([A-Z_]+)` \|", section(PROTOCOL, "Close codes"), re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(code.value, code.name) for code in Close]
    assert [come_back(int(code)) for code, _ in rows] == [int(code) < 4500 for code, _ in rows]


def test_every_error_code_of_a_room_is_in_the_protocol_and_no_other() -> None:
    sources = [path for part in ("live", "moderation") for path in (ROOT / "app" / part).glob("*.py")]
    sources += [path for path in (ROOT / "app" / "rooms").glob("*.py") if path.stem not in OFF_THE_SOCKET]
    raised = {code for path in sources for code in RAISED.findall(path.read_text())}
    # These two come from the helpers `forbidden` and `not_found`.
    assert first_cells(section(PROTOCOL, "Error codes")) == raised | {"not.allowed", "webinar.unknown"}


def test_a_name_that_is_missing_or_too_much_would_be_found() -> None:
    page = "\n## Commands\n\n| command | does |\n|---|---|\n| `chat.say`, `chat.sing` | says |\n\n## Next\n\n| `other` | no |\n"
    assert first_cells(section(page, "Commands")) == {"chat.say", "chat.sing"}
    assert RAISED.findall('raise Problem(\n    "chat.closed", "…")') == ["chat.closed"]


@pytest.mark.parametrize("words", ["bin/run", "bin/test", "a calm webinar", "Not here yet"])
def test_the_first_page_says_how_to_begin_and_what_is_missing(words: str) -> None:
    assert words in (ROOT / "README.md").read_text()


def test_the_changes_begin_with_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.findall(r"^## (\S+)", (ROOT / "CHANGES.md").read_text(), re.MULTILINE)[0] == version
