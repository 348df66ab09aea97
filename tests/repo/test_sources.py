"""The rules of the house, held by the machine: directions of imports, measures of files, nothing private in the sources."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = {".py", ".js", ".css", ".html", ".sh"}
LOCKS = {"requirements.txt", "requirements-dev.txt", "package-lock.json"}
# Written in two halves, so that this file does not hold what it looks for.
ADDRESSES = re.compile(
    "|".join(
        ["pypi" + r"\.org", "registry" + r"\.npmjs", "files" + r"\.pythonhosted", r"--(?:extra-)?index-url", "--find" + "-links"]
    )
)
MACHINE = re.compile(r"(?<![\w.])/(?:root|home|Users|work)/[\w.]")


def tracked() -> list[Path]:
    """Files of the repository that are there."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def texts() -> list[Path]:
    """Tracked files that are text."""
    return [path for path in tracked() if b"\0" not in path.read_bytes()[:4096]]


def name(path: Path) -> str:
    """Path inside the repository."""
    return str(path.relative_to(ROOT))


def too_long(source: str, limit: int = 60) -> list[str]:
    """Functions of ``source`` that have more lines than ``limit``."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > limit]


def test_imports_run_downward_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_that_runs_upward_is_found(tmp_path: Path) -> None:
    for layer, text in {"core": "import app.rooms", "privacy": "", "rooms": "", "settings": "", "main": ""}.items():
        (tmp_path / "app" / layer).mkdir(parents=True)
        (tmp_path / "app" / layer / "__init__.py").write_text(text)
    (tmp_path / "app" / "__init__.py").touch()
    rules = (ROOT / "pyproject.toml").read_text().split("[[tool.importlinter.contracts]]")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.importlinter]\nroot_package = 'app'\n[[tool.importlinter.contracts]]" + rules[1]
    )
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter), "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "app.core is not allowed to import app.rooms" in done.stdout


def test_no_file_is_longer_than_500_lines() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in texts() if path.suffix in CODE}
    assert {path: lines for path, lines in lengths.items() if lines > 500} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    # A migration is a list of what the tables were on its day; cutting it up would not make it clearer.
    sources = [path for path in texts() if path.suffix == ".py" and path.parent.name != "versions"]
    found = {name(path): too_long(path.read_text()) for path in sources}
    assert {path: functions for path, functions in found.items() if functions} == {}


def test_a_long_function_would_be_found() -> None:
    assert too_long("def long():\n" + "    pass\n" * 60) == ["long"]
    assert too_long("def short():\n" + "    pass\n" * 59) == []


def test_no_package_index_is_named() -> None:
    assert [name(path) for path in texts() if ADDRESSES.search(path.read_text())] == []


def test_locks_hold_hashes_and_no_addresses() -> None:
    for path in (path for path in texts() if path.name in LOCKS):
        text = path.read_text()
        assert "://" not in "".join(line for line in text.splitlines() if "resolved" in line or line.startswith("-")), name(path)
        assert "sha256:" in text or '"integrity": "sha512-' in text, name(path)


def test_no_path_of_anybodys_machine_is_named() -> None:
    assert [name(path) for path in texts() if MACHINE.search(path.read_text())] == []


def test_a_path_of_somebodys_machine_would_be_found() -> None:
    assert MACHINE.search("cd /" + "home/ada/lectern")
    assert not MACHINE.search("https://example.org/" + "work/items")


@pytest.mark.parametrize(
    "page",
    ["README.md", "STYLE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGES.md", "LICENSE", "Procfile"]
    + [f"docs/{page}.md" for page in ("install", "operate", "privacy", "architecture", "benchmarks", "media")],
)
def test_the_page_is_there_and_says_something(page: str) -> None:
    assert len((ROOT / page).read_text()) > 100


def test_links_between_pages_lead_somewhere() -> None:
    pages = [path for path in texts() if path.suffix == ".md"]
    links = [(page, target) for page in pages for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())]
    assert [f"{name(page)} → {target}" for page, target in links if not (page.parent / target).exists()] == []


def test_commands_can_be_started() -> None:
    commands = [path for path in (ROOT / "bin").iterdir() if path.is_file() and not path.name.startswith("_")]
    assert {path.name for path in commands} >= {"run", "test", "bench", "check", "ci", "lock", "cluster"}
    assert [name(path) for path in [*commands, ROOT / ".ci" / "run"] if not path.stat().st_mode & 0o100] == []
