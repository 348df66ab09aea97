"""Sealing binds a value to its place, and a destroyed key is gone for every process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.privacy.keystore import KeyStoreError, rotate
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
    for opener, aad in ((box, "person.name|2"), (other, "person.name|1"), (await vault.box("w2", "p"), "person.name|1")):
        with pytest.raises(SealBroken):
            opener.open(blob, aad)
    own = (await vault.box("w1", "ada")).seal("Ada", "person.name|1")
    for opener in (box, await vault.box("w1", "bob"), await vault.box("w2", "ada")):
        with pytest.raises(SealBroken):
            opener.open(own, "person.name|1")


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


async def test_a_persons_box_also_opens_what_the_webinars_sealed_before(settings: Settings) -> None:
    vault = Vault(settings)
    before = (await vault.box("w1")).seal("x", "a")
    ada = await vault.box("w1", "ada")
    own = ada.seal("y", "a")
    assert (ada.open_text(before, "a"), ada.open_text(own, "a")) == ("x", "y")
    with pytest.raises(SealBroken):
        (await vault.box("w1")).open(own, "a")


async def test_reading_many_makes_no_key_and_leaves_out_who_was_erased(settings: Settings) -> None:
    vault = Vault(settings)
    old = (await vault.box("w1")).seal("old", "a")
    blob = (await vault.box("w1", "ada")).seal("x", "a")
    await vault.box("w1", "bob")
    await vault.destroy("w1", "bob")
    for reader in (vault, Vault(settings)):
        boxes = await reader.boxes_of("w1", ["ada", "bob", "cleo"])
        assert sorted(boxes) == ["ada", "cleo"]
        assert (boxes["ada"].open_text(blob, "a"), boxes["cleo"].open_text(old, "a")) == ("x", "old")
    assert sorted(await vault.boxes("w1")) == ["", "ada"]
    assert [await vault.erased("w1", person) for person in ("ada", "bob", "cleo")] == [False, True, False]


async def test_many_keys_are_made_at_once_and_none_comes_back(settings: Settings) -> None:
    vault = Vault(settings)
    blob = (await vault.box("w1", "ada")).seal("x", "a")
    await vault.box("w1", "bob")
    await vault.destroy("w1", "bob")
    boxes = await vault.make("w1", ["ada", "bob", "cleo"])
    assert (sorted(boxes), boxes["ada"].open_text(blob, "a")) == (["ada", "cleo"], "x")
    assert (await Vault(settings).box("w1", "cleo")).open_text(boxes["cleo"].seal("y", "a"), "a") == "y"


async def test_a_key_destroyed_by_one_process_is_dropped_by_every_other(settings: Settings) -> None:
    one, other = Vault(settings), Vault(settings)
    blob = (await other.box("w1", "ada")).seal("x", "a")
    assert (await other.boxes_of("w1", ["ada"]))["ada"].open_text(blob, "a") == "x"
    await one.destroy("w1", "ada")
    assert await other.boxes_of("w1", ["ada"]) == {}
    with pytest.raises(KeyDestroyed):
        await other.box("w1", "ada")


@pytest.mark.parametrize("cut", ["nowhere", "before the keys", "before the file"])
async def test_a_rotation_cut_at_any_point_leaves_a_key_that_fits(settings: Settings, cut: str) -> None:
    blob = (await Vault(settings).box("w1", "ada")).seal("x", "a")
    folder, fresh = settings.keys_path, os.urandom(32)
    before = (folder / "operator.key").read_bytes()
    assert rotate(folder, "", fresh) == 1
    after = (folder / "operator.key").read_bytes()
    if cut == "before the file":
        (folder / "operator.key.new").write_bytes(after)
        (folder / "operator.key").write_bytes(before)
    elif cut == "before the keys":
        (folder / "operator.key.new").write_bytes(before)
    assert (await Vault(settings).box("w1", "ada")).open_text(blob, "a") == "x"
    assert (folder / "operator.key").read_bytes() == after != before
    assert not (folder / "operator.key.new").exists()


async def test_the_old_operator_key_opens_nothing_after_a_rotation(settings: Settings) -> None:
    from click.testing import CliRunner

    from app.cli import main

    await Vault(settings).box("w1")
    before = (settings.keys_path / "operator.key").read_bytes()
    environ = {"LECTERN_DATA_DIR": str(settings.data_dir)}
    assert CliRunner().invoke(main, ["rekey"], env=environ).output.startswith("1 keys")
    await Vault(settings).box("w1")
    (settings.keys_path / "operator.key").write_bytes(before)
    with pytest.raises(KeyStoreError):
        await Vault(settings).box("w1")
