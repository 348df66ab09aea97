"""``python -m app``. A library that is missing is said in a sentence, with what to do, before anything else is imported."""

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.txt"


def missing() -> list[str]:
    """Libraries of the lock that are not installed here."""
    lines = LOCK.read_text().splitlines() if LOCK.is_file() else []
    names = [line.split("==")[0].split("[")[0] for line in lines if "==" in line and line[0].isalnum() and ";" not in line]
    return [name for name in names if not _installed(name)]


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def explain(error: ImportError) -> str:
    """What is missing, and how to mend it."""
    names = missing() or [error.name or str(error)]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return (
        f"Lectern cannot start: missing from {sys.prefix}: {shown}.\n"
        "Run bin/run, which installs what is missing, or: pip install --require-hashes -r requirements.txt"
    )


try:
    from app.cli import main

    main()
except ImportError as error:
    sys.exit(explain(error))
