"""A PDF written anew: without author, program, dates, scripts or attached files."""

from __future__ import annotations

import io

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, NameObject

from app.core.errors import Problem

ACTIONS = ("/OpenAction", "/AA", "/Names", "/AcroForm", "/Metadata", "/PieceInfo", "/Collection")
ACTIVE = ("/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D", "/Widget")


class PdfUnreadable(Exception):
    """No PDF, or a broken one."""


def clean(data: bytes) -> bytes:
    """The pages, written anew. Raises ``PdfUnreadable``, and ``Problem`` when a password locks the file."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise Problem("handout.type", "This PDF is locked by a password. Save it without one.", status=422)
        writer = PdfWriter()
        for page in reader.pages:
            for name in ("/AA", "/Metadata", "/PieceInfo"):
                page.pop(NameObject(name), None)
            _calm(page)
            writer.add_page(page)
        for name in ACTIONS:
            writer.root_object.pop(NameObject(name), None)
        writer.metadata = None
        out = io.BytesIO()
        writer.write(out)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, OSError):
        raise PdfUnreadable from None
    return out.getvalue()


def _calm(page: PageObject) -> None:
    """Links to addresses stay; what runs, starts a program or carries a file goes."""
    kept = ArrayObject()
    for one in page.annotations or []:
        note = one.get_object()
        action = note.get("/A")
        runs = action is not None and action.get_object().get("/S") not in ("/URI", "/GoTo")
        if not runs and "/AA" not in note and note.get("/Subtype") not in ACTIVE:
            kept.append(one)
    page.pop(NameObject("/Annots"), None)
    if kept:
        page[NameObject("/Annots")] = kept
