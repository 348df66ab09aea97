"""What is made from the protocol's structs is up to date, and is what it says it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.documents import TYPES, documents
from app.protocol import entities
from app.protocol.schema import tag_of, tagged
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def made(tmp_path: Path) -> dict[str, str]:
    return documents(Settings(data_dir=tmp_path / "data", secret="s" * 40))


def test_the_types_of_the_browsers_code_are_those_of_the_structs(made: dict[str, str]) -> None:
    assert (ROOT / TYPES).read_text() == made["ts"], "Run: python -m app schema --write"


def test_every_kind_and_command_is_in_the_documents(made: dict[str, str]) -> None:
    document = json.loads(made["asyncapi"])
    names = {one["name"] for one in document["components"]["messages"].values()}
    assert {"chat.say", "welcome", "change", "ok"} <= names
    kinds = {tag_of(one) for one in tagged(entities, "kind")}
    assert [kind for kind in kinds if f'kind: "{kind}"' not in made["ts"]] == []


def test_every_reference_leads_somewhere(made: dict[str, str]) -> None:
    document = json.loads(made["asyncapi"])
    assert sorted(ref for ref in references(document) if not found(document, ref)) == []
    assert not found(document, "#/components/schemas/Nothing")


def references(part: Any) -> list[str]:
    """All ``$ref`` inside."""
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for inner in part.values() for ref in references(inner)]
    return [ref for inner in part for ref in references(inner)] if isinstance(part, list) else []


def found(document: Any, ref: str) -> bool:
    """Whether ``ref`` leads to something."""
    for step in ref.removeprefix("#/").split("/"):
        if step not in document:
            return False
        document = document[step]
    return True
