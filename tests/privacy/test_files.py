"""A sealed file gives back exactly what was written, from any place, and nothing after it was touched or its key destroyed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.privacy.erase import Target
from app.privacy.files import CHUNK, HEAD, TAG, SealedReader, SealedWriter, Shelf
from app.privacy.vault import Box, KeyDestroyed, SealBroken
from tests.privacy.stand import Stand

KEY = os.urandom(32)
BOX = Box("things:w1", KEY)


def written(folder: Path, data: bytes, name: str = "recording|1") -> Path:
    path = folder / "one" / "file"
    path.unlink(missing_ok=True)
    with SealedWriter(path, BOX, name) as writer:
        for start in range(0, len(data), 10_007):
            writer.write(data[start : start + 10_007])
    return path


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
def test_what_is_written_is_read_whole_and_in_parts(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    path = written(tmp_path, data)
    assert size < 24 or data[:24] not in path.read_bytes()
    with SealedReader(path, BOX, "recording|1") as reader:
        assert (reader.size, b"".join(reader.chunks())) == (size, data)
        for start, length in ((0, 10), (CHUNK - 5, 10), (CHUNK, CHUNK), (size - 3, 10), (size, 5), (5, 0)):
            if start >= 0:
                assert reader.read(start, length) == data[start : start + length]
        assert b"".join(reader.chunks(7, CHUNK + 20)) == data[7 : 7 + CHUNK + 20]


def test_a_file_that_was_changed_cut_or_moved_does_not_open(tmp_path: Path) -> None:
    data = os.urandom(3 * CHUNK)
    path = written(tmp_path, data)
    whole = path.read_bytes()
    one = CHUNK + TAG
    swapped = whole[:HEAD] + whole[HEAD + one : HEAD + 2 * one] + whole[HEAD : HEAD + one] + whole[HEAD + 2 * one :]
    for harmed in (whole[: HEAD + 2 * one], whole[:-1], swapped, whole[:HEAD], b"", whole[:50] + b"x" + whole[51:]):
        path.write_bytes(harmed)
        with pytest.raises(SealBroken), SealedReader(path, BOX, "recording|1") as reader:
            list(reader.chunks())
    path.write_bytes(whole)
    for box, name in ((BOX, "recording|2"), (Box("things:w2", KEY), "recording|1")):
        with pytest.raises(SealBroken):
            SealedReader(path, box, name)


def test_what_a_killed_writer_left_can_be_read_as_far_as_it_came(tmp_path: Path) -> None:
    data = os.urandom(2 * CHUNK + 100)
    writer = SealedWriter(tmp_path / "file", BOX, "recording|1")
    writer.write(data)
    writer.flush()
    with pytest.raises(SealBroken):
        SealedReader(tmp_path / "file", BOX, "recording|1")
    with SealedReader(tmp_path / "file", BOX, "recording|1", unfinished=True) as reader:
        assert b"".join(reader.chunks()) == data[: 2 * CHUNK]
    writer._file.close()


async def test_files_go_with_what_they_belong_to(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    await stand.make_tables()
    webinar, other = await stand.webinar(), await stand.webinar()
    shelf = Shelf(stand.settings.data_dir)
    for one in (webinar, other):
        with SealedWriter(shelf.things(one) / "recording", await stand.vault.things_box(one), "recording|1") as writer:
            writer.write(b"sound")
        with SealedWriter(shelf.people(one) / "export", await stand.vault.box(one), "export|1") as writer:
            writer.write(b"names")
    await stand.erase(Target("participant", stand.account_id, webinar, ("ada",)))
    assert sorted(path.name for path in shelf.webinar(webinar).rglob("*") if path.is_file()) == ["recording"]
    await stand.erase(Target("webinar", stand.account_id, webinar))
    assert not shelf.webinar(webinar).exists()
    with pytest.raises(KeyDestroyed):
        await stand.vault.things_box(webinar)
    with SealedReader(shelf.things(other) / "recording", await stand.vault.things_box(other), "recording|1") as reader:
        assert reader.read(0, 9) == b"sound"
    await stand.erase(Target("account", stand.account_id))
    assert [path for path in (stand.settings.data_dir / "files").rglob("*") if path.is_file()] == []
    await stand.close()
