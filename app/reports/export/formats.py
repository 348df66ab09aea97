"""CSV, XLSX and JSON, written row by row at flat memory and without a file in between.

A cell that a spreadsheet would run as a formula is made inert: in CSV by an apostrophe before it (OWASP, "CSV injection"), in XLSX by
its type, which is always a text. XLSX is written here because its packages keep rows in unsealed temporary files.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

import msgspec

Cell = str | int | float | bool | datetime | None
Rows = AsyncIterator[Sequence[Cell]]

BLOCK = 64 * 1024
ROWS_MAX = 1_048_576
"""Rows of a sheet; what is more goes on in a second one."""
_FORMULA = re.compile(r"^[\s\u200b\ufeff]*[=+\-@\t\r\n＝＋－＠|%]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


async def write(form: str, columns: Sequence[str], rows: Rows) -> AsyncIterator[bytes]:
    """The file in pieces."""
    writer = {"csv": _csv, "xlsx": _xlsx, "json": _json}[form]
    async for piece in writer(columns, rows):
        yield piece


def inert(text: str) -> str:
    """``text`` as a CSV cell that no spreadsheet runs."""
    return "'" + text if _FORMULA.match(text) else text


async def _csv(columns: Sequence[str], rows: Rows) -> AsyncIterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_MINIMAL)
    # The mark at the start makes spreadsheets read UTF-8.
    buffer.write("\ufeff")
    writer.writerow([inert(column) for column in columns])
    async for row in rows:
        writer.writerow([_plain(cell) for cell in row])
        if buffer.tell() > BLOCK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _plain(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    return inert(cell.replace("\x00", "")) if isinstance(cell, str) else cell


async def _json(columns: Sequence[str], rows: Rows) -> AsyncIterator[bytes]:
    encoder, buffer = msgspec.json.Encoder(), bytearray(b"[")
    first = True
    async for row in rows:
        buffer += (b"\n" if first else b",\n") + encoder.encode(dict(zip(columns, row, strict=True)))
        first = False
        if len(buffer) > BLOCK:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer) + b"\n]\n"


class _Pipe(io.RawIOBase):
    """What the ZIP writer writes into; emptied after each piece. It cannot seek, so sizes follow their data."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.waiting += data
        return len(data)

    def take(self) -> bytes:
        """What was written since."""
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken


async def _xlsx(columns: Sequence[str], rows: Rows) -> AsyncIterator[bytes]:
    pipe, sheets, more = _Pipe(), 0, True
    package = zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED)
    head = _row(columns).encode()
    while more:
        sheets, more, count = sheets + 1, False, 1
        with package.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as sheet:
            sheet.write(_SHEET.encode() + head)
            async for row in rows:
                sheet.write(_row(row).encode())
                count += 1
                if len(pipe.waiting) > BLOCK:
                    yield pipe.take()
                if count == ROWS_MAX:
                    more = True
                    break
            sheet.write(b"</sheetData></worksheet>")
    for name, text in _parts(sheets).items():
        package.writestr(name, text)
    package.close()
    yield pipe.take()


def _row(cells: Sequence[Cell]) -> str:
    return "<row>" + "".join(map(_cell, cells)) + "</row>"


def _cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float):
        return f"<c><v>{cell}</v></c>"
    text = cell.isoformat(timespec="seconds") if isinstance(cell, datetime) else _NOT_XML.sub("", cell)[:32_767]
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
    'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)


def _parts(sheets: int) -> dict[str, str]:
    """The rest of the package (ECMA-376, part 2)."""
    numbers = range(1, sheets + 1)
    listed = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    linked = "".join(f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers)
    typed = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers)
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>{typed}</Types>',
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{linked}</Relationships>',
    }
