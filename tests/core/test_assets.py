"""Static files: digests, caching, import maps, preloads, icons; and that nothing else can be reached."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.core.assets import Assets
from app.core.modules import ModuleError, Modules

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets(FRONTEND)


@pytest.fixture(scope="module")
def client(assets: Assets) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/static", app=assets)]), raise_server_exceptions=True)


def small_frontend(root: Path, **files: str) -> Path:
    """A frontend of its own, with this project's libraries."""
    (root / "node_modules").symlink_to(FRONTEND / "node_modules")
    base = {
        "importmap.json": (FRONTEND / "importmap.json").read_text(),
        "icons.json": "[]",
        "styles/main.css": "",
        "src/a.js": "",
    }
    for name, text in (base | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_an_address_carries_the_digest_and_is_kept_for_ever(assets: Assets, client: TestClient) -> None:
    url = assets.url("src/lib/i18n.js")
    answer = client.get(url)
    digest = hashlib.sha256((FRONTEND / "src/lib/i18n.js").read_bytes()).hexdigest()[:12]
    assert url == f"/static/src/lib/i18n-{digest}.js"
    assert answer.content == (FRONTEND / "src/lib/i18n.js").read_bytes()
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


def test_an_old_digest_gets_todays_file_without_being_kept(client: TestClient) -> None:
    answer = client.get("/static/src/lib/i18n-000000000000.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


def test_a_name_without_a_digest_is_asked_for_again_each_time(client: TestClient) -> None:
    first = client.get("/static/src/lib/i18n.js")
    again = client.get("/static/src/lib/i18n.js", headers={"if-none-match": first.headers["etag"]})
    assert (first.headers["cache-control"], again.status_code, again.content) == ("no-cache", 304, b"")


def test_a_browser_that_can_gets_it_packed(assets: Assets, client: TestClient) -> None:
    url = assets.url("styles/main.css")
    packed = client.get(url, headers={"accept-encoding": "gzip"})
    plain = client.get(url, headers={"accept-encoding": "identity"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "accept-encoding")
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0))
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "path",
    [
        "package.json",
        "templates/layouts/base.html",
        "node_modules/typescript/package.json",
        "node_modules/lit/package.json",
        "src/../package.json",
        "src/%2e%2e/package.json",
        "..%2f..%2fpyproject.toml",
        "%2fetc%2fpasswd",
        "src/",
        "",
    ],
)
def test_nothing_else_can_be_reached(client: TestClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_only_reading_is_possible(assets: Assets, client: TestClient) -> None:
    url = assets.url("styles/main.css")
    assert client.post(url).status_code == 405
    head = client.head(url)
    assert (head.status_code, head.content) == (200, b"")


def test_stylesheets_are_joined_in_layers(tmp_path: Path) -> None:
    root = small_frontend(
        tmp_path,
        **{
            "styles/main.css": '@layer base;\n@import url("parts/base.css") layer(base);\n',
            "styles/parts/base.css": 'body { background: url("../../images/dot.svg") }\n',
            "images/dot.svg": "<svg/>",
        },
    )
    assets = Assets(root)
    body = TestClient(assets).get(assets.url("styles/main.css")).text
    assert body == f'@layer base;\n@layer base {{\nbody {{ background: url("{assets.url("images/dot.svg")}") }}\n}}\n'


def test_a_missing_stylesheet_stops_the_start(tmp_path: Path) -> None:
    root = small_frontend(tmp_path, **{"styles/main.css": '@import url("lost.css");'})
    with pytest.raises(LookupError, match=r"imports lost\.css, and there is no frontend/styles/lost\.css"):
        Assets(root)


def test_the_import_map_leads_every_import_of_a_page_to_a_served_file(assets: Assets, client: TestClient) -> None:
    for entry in ("src/pages/base.js", "src/pages/staff.js"):
        imports: dict[str, str] = json.loads(str(assets.importmap(entry)))["imports"]
        assert {client.get(url).headers["cache-control"] for url in imports.values()} == {"public, max-age=31536000, immutable"}
        assert imports["lit"] == assets.url("node_modules/lit/index.js")
        assert imports["/static/src/lib/enhance.js"] == assets.url("src/lib/enhance.js")


def test_a_page_preloads_what_it_needs_at_once_and_no_more(tmp_path: Path) -> None:
    root = small_frontend(
        tmp_path,
        **{
            "src/a.js": 'import { b } from "./b.js";\nimport "lit";\nexport const later = () => import("./lazy.js");\n'
            '/** @typedef {import("./types.js").T} T */\n// import "./gone.js";\n',
            "src/b.js": 'import {\n  c,\n} from "./c.js";\nexport * from "./a.js";\nexport const b = c;\n',
            "src/c.js": "export const c = 1;\n",
            "src/lazy.js": "export {};\n",
        },
    )
    assets = Assets(root)
    own = [re.sub(r"-[0-9a-f]{12}", "", url) for url in assets.preloads("src/a.js") if "node_modules" not in url]
    assert own == ["/static/src/b.js", "/static/src/c.js"]
    assert [name for name in json.loads(str(assets.importmap("src/a.js")))["imports"] if "lazy" in name] == [
        "/static/src/lazy.js"
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('import "./lost.js";', r"src/a\.js imports '\./lost\.js', and there is no src/lost\.js"),
        ('import "react";', r"src/a\.js imports 'react', which frontend/importmap\.json does not name"),
        ('import "../../pyproject.js";', "and there is no"),
    ],
)
def test_an_import_that_leads_nowhere_stops_the_start(tmp_path: Path, source: str, problem: str) -> None:
    with pytest.raises(ModuleError, match=problem):
        Assets(small_frontend(tmp_path, **{"src/a.js": source}))


def test_imports_of_packed_libraries_are_understood() -> None:
    sources = {
        "m.js": 'import{a as t}from"./x.js";import"./y.js";export*from"./z.js";export{q}from"./q.js";const s="from \'./no.js\'";'
    }
    sources |= {f"{name}.js": "" for name in "xyzq"}
    assert Modules(sources.__getitem__, {}).eager("m.js") == ["m.js", "x.js", "y.js", "z.js", "q.js"]


def test_the_sprite_holds_every_named_icon_and_refuses_others(assets: Assets, client: TestClient) -> None:
    root = ET.fromstring(client.get(assets.sprite).text)
    ids = {symbol.attrib["id"] for symbol in root}
    wanted = set(json.loads((FRONTEND / "icons.json").read_text()))
    assert wanted - ids == set()
    assert assets.icon("video") == f"{assets.sprite}#video"
    with pytest.raises(LookupError, match=r"Add its name to frontend/icons\.json"):
        assets.icon("no-such-icon")


def test_an_icon_that_lucide_does_not_have_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="Lucide has no icon named unicorn-horn"):
        Assets(small_frontend(tmp_path, **{"icons.json": '["unicorn-horn"]'}))


def test_without_libraries_the_start_says_what_to_do(tmp_path: Path) -> None:
    small_frontend(tmp_path)
    (tmp_path / "node_modules").unlink()
    with pytest.raises(LookupError, match="Run: npm ci"):
        Assets(tmp_path)


def test_what_a_plain_page_costs(assets: Assets) -> None:
    weight = assets.weight("src/pages/base.js", "styles/main.css")
    assert weight.own <= 8
    assert weight.size <= 24_000


def test_no_module_is_longer_than_250_lines() -> None:
    assert [file.name for file in (FRONTEND / "src").rglob("*.js") if len(file.read_text().splitlines()) > 250] == []
