"""Sealing binds a value to its place, and a destroyed key is gone for every process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.privacy.vault import KeyDestroyed, SealBroken, Vault
from app.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


async def test_a_value_opens_only_in_its_own_place(settings: Settings) -> None:
    vault = Vault(settings)
    box, other = await vault.box("w1"), await vault.box("w2")
    blob = box.seal("Ada", "person.name|1")
    assert box.open_text(blob, "person.name|1") == "Ada"
    for opener, aad in ((box, "person.name|2"), (other, "person.name|1"), (await vault.box("w1", "p"), "person.name|1")):
        with pytest.raises(SealBroken):
            opener.open(blob, aad)


async def test_the_blind_index_knows_an_address_however_written_but_not_across_webinars(settings: Settings) -> None:
    vault = Vault(settings)
    one, two = await vault.box("w1"), await vault.box("w2")
    assert one.blind("A@X.de", "r.email") == one.blind("  a@x.de ", "r.email")
    assert one.blind("a@x.de", "r.email") != two.blind("a@x.de", "r.email")


async def test_a_destroyed_webinar_takes_its_participants_keys_and_stays_destroyed(settings: Settings) -> None:
    vault = Vault(settings)
    await vault.box("w1")
    await vault.box("w1", "ada")
    assert await vault.destroy("w1") == 2
    for later in (vault, Vault(settings)):
        for person in ("", "ada", "new"):
            with pytest.raises(KeyDestroyed):
                await later.box("w1", person)


async def test_one_person_goes_and_the_others_stay(settings: Settings) -> None:
    vault = Vault(settings)
    blob = (await vault.box("w1", "bob")).seal("x", "a")
    await vault.box("w1", "ada")
    assert await vault.destroy("w1", "ada") == 1
    with pytest.raises(KeyDestroyed):
        await Vault(settings).box("w1", "ada")
    assert (await Vault(settings).boxes("w1"))["bob"].open_text(blob, "a") == "x"


async def test_a_renewed_webinar_goes_on_but_reads_nothing_of_before(settings: Settings) -> None:
    vault = Vault(settings)
    blob = (await vault.box("w1")).seal("x", "a")
    assert await vault.renew("w1", "erasure-1") == 1
    with pytest.raises(SealBroken):
        (await vault.box("w1")).open(blob, "a")
    fresh = (await vault.box("w1")).seal("y", "a")
    assert await vault.renew("w1", "erasure-1") == 0
    assert (await Vault(settings).box("w1")).open_text(fresh, "a") == "y"


async def test_destroyed_key_bytes_are_in_no_file_of_the_store(settings: Settings) -> None:
    vault = Vault(settings)
    await vault.box("w1")
    import sqlite3

    with sqlite3.connect(settings.keys_path / "keys.db") as connection:
        (wrapped,) = connection.execute("SELECT wrapped FROM key").fetchone()
    connection.close()

    def found() -> bool:
        return any(wrapped in path.read_bytes() for path in settings.keys_path.iterdir())

    assert found()
    await vault.destroy("w1")
    assert not found()


async def test_a_new_operator_key_changes_no_sealed_value(settings: Settings) -> None:
    vault = Vault(settings)
    blob = (await vault.box("w1", "ada")).seal("x", "a")
    fresh = os.urandom(32)
    assert vault.rotate(fresh) == 1
    (settings.keys_path / "operator.key").write_bytes(__import__("base64").b64encode(fresh))
    assert (await Vault(settings).box("w1", "ada")).open_text(blob, "a") == "x"
