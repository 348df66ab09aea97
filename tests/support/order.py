"""The order of tests: many at once first, then those of live media, then those that must have the machine to themselves.

Browser and fault tests measure real time and real load. With several workers (``pytest -n 2``) they are put last and each holds a
lock of its own, so the run stays one run with one closing line. Media tests depend on real time too, but each needs only a tenth of
the machine: as many run at once as there are workers, after all that takes more; only what a narrow network does is measured alone.
Those of :data:`BESIDE` only look like either.
"""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
ALONE, TOGETHER = {"browser", "faults"}, {"media"}
BESIDE = {
    "browser": {"console", "form_builder", "language", "lib", "my_data", "pages", "registration_pages",
                "registration_without_script", "room", "room_extras", "styleguide", "views"},
    "media": {"captions", "contract", "directory_db", "embed", "parts", "playlist", "recording", "refusals", "titles", "videos"},
}  # fmt: skip
"""Modules of these folders without a live picture: nothing in them depends on how fast the machine is."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the heavy folders and put them last, each folder together."""
    for item in items:
        folder = folder_of(item)
        if folder in ALONE | TOGETHER and item.path.stem.removeprefix("test_") not in BESIDE.get(folder, ()):
            alone = folder in ALONE or item.path.stem == "test_network"
            item.add_marker(pytest.mark.alone if alone else pytest.mark.live)
            # Once more, and said so at the end: what else runs on the machine can be enough to miss a minute. Twice is a failure.
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: [item.get_closest_marker(name) is not None for name in ("alone", "live")])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Hold the lock of this run while a test runs: shared by ordinary tests, exclusive for those that run alone."""
    worker = getattr(item.config, "workerinput", None)
    if worker is None:
        return (yield)
    alone = item.get_closest_marker("alone") is not None
    with Path(tempfile.gettempdir(), f"lectern-tests-{worker['testrunuid']}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        return (yield)


def folder_of(item: pytest.Item) -> str:
    """First folder below ``tests``."""
    inside = item.path.resolve().relative_to(TESTS)
    return inside.parts[0] if len(inside.parts) > 1 else ""
