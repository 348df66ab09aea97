"""The scanner finds a value however it is written down, and statistics tell of nobody."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import sqlite3
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.privacy.scan import Files, forms_of
from app.privacy.search import BLOCK, Sought, named_in
from app.privacy.thresholds import hide_small, total

CANARY = b"canary+7f3a9c/zq81Kw=x"


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", data)
    return out.getvalue()


WAYS: list[Callable[[bytes], bytes]] = [
    lambda data: data,
    lambda data: data.hex().encode(),
    base64.b64encode,
    lambda data: base64.b64encode(b"a" + data + b"bc"),
    lambda data: base64.urlsafe_b64encode(b"ab" + data + b"c"),
    lambda data: data.decode().encode("utf-16-le"),
    lambda data: data.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D").replace(b"%2F", b"/"),
    gzip.compress,
    zlib.compress,
    bz2.compress,
    lzma.compress,
    zipped,
    lambda data: gzip.compress(zipped(data)),
]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_is_seen_through(way: Callable[[bytes], bytes]) -> None:
    sought = Sought(forms_of([CANARY]))
    assert named_in(b"before " + way(CANARY) + b" after", sought)
    assert not named_in(b"before " + way(CANARY[::-1]) + b" after", sought)


@given(st.lists(st.binary(min_size=8, max_size=70), max_size=6), st.data())
def test_forms_looked_for_together_are_found_as_if_each_were_alone(values: list[bytes], data: st.DataObject) -> None:
    forms = {value: value.hex() for value in values}
    hidden = data.draw(st.lists(st.sampled_from(values), max_size=3)) if values else []
    hay = b"".join(data.draw(st.binary(max_size=40)) + value for value in hidden) + data.draw(st.binary(max_size=40))
    assert Sought(forms).named_in(hay) == {name for form, name in forms.items() if form in hay}


async def test_a_value_across_two_blocks_is_found(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"." * (BLOCK - 5) + CANARY + b"." * 50)
    assert [finding.form for finding in (await Files([tmp_path]).look(forms_of([CANARY]))).findings] == ["raw"]


async def test_a_deleted_file_still_open_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gone"
    with path.open("wb+") as file:
        file.write(CANARY)
        file.flush()
        path.unlink()
        assert [finding.form for finding in (await Files([tmp_path]).look(forms_of([CANARY]))).findings] == ["raw"]


async def test_looking_takes_no_lock_of_the_database_away(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as ours:
        ours.execute("CREATE TABLE word (text TEXT)")
        ours.execute("BEGIN EXCLUSIVE")
        await Files([tmp_path]).look(forms_of([CANARY]))
        assert locked(path)
        path.open("rb").close()
        assert not locked(path), "reading the file in this process does take it away"


def locked(path: Path) -> bool:
    """Whether another process finds the database locked."""
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('SELECT * FROM word')"
    answer = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    return "database is locked" in answer.stderr


async def test_a_search_that_cannot_be_done_is_no_clean_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.privacy.scan._SEARCH", (sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(OSError, match="ended with 3"):
        await Files([tmp_path]).look(forms_of([CANARY]))


counts = st.integers(0, 30)


@given(st.dictionaries(st.integers(), counts, max_size=8))
def test_no_hidden_cell_can_be_worked_out_from_the_total(cells: dict[int, int]) -> None:
    safe, whole = hide_small(cells), total(cells)
    assert all(n is None or n == 0 or n >= 5 for n in safe.values())
    hidden = [key for key, n in safe.items() if n is None]
    if hidden and whole is not None:
        left = whole - sum(n for n in safe.values() if n is not None)
        assert len(hidden) > 1
        assert left >= 5
