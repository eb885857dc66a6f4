"""The site builds, nothing on it leads nowhere or elsewhere, and what is linked to from documents is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from attest.appraisal.calls.kinds import RULES
from attest.evidence.verify.checks import CHECKS, explanation_of
from attest.statement.predicates import PREDICATES
from scripts import docs_site
from scripts.schema_pages import BASE
from tests.waiting import PATIENCE_SECONDS

ROOT = docs_site.ROOT


def built(sources: Path, folder: Path, **overriding: object) -> subprocess.CompletedProcess[str]:
    """Build the site from `sources` under the configuration of the project."""
    configuration = folder / "mkdocs.yml"
    settings = {
        "INHERIT": str(ROOT / "mkdocs.yml"),
        "docs_dir": str(sources),
        "site_dir": str(folder / "site"),
        **overriding,
    }
    configuration.write_text(json.dumps(settings))
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(configuration)]
    return subprocess.run(build, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    docs_site.write(folder / "sources")
    done = built(folder / "sources", folder)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_every_page_is_in_the_navigation() -> None:
    assert docs_site.unnamed((ROOT / "mkdocs.yml").read_text(encoding="utf-8")) == []


def test_a_page_that_nothing_leads_to_is_named_with_what_to_do() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").replace(": acting.md", ": acting.mdx")
    (line,) = docs_site.unnamed(navigation)
    assert line.startswith("docs/acting.md: expected an entry in the nav of mkdocs.yml")


@pytest.mark.parametrize(
    ("link", "fitted"),
    [
        ("portal.md#the-only-path", "portal.md#the-only-path"),
        ("../README.md#the-interpreter", "overview.md#the-interpreter"),
        ("../predicates/tool-permit.md", "predicates/tool-permit/v0.1.md"),
        ("../schemas", "schemas/index.md"),
        ("../schemas/trust.schema.json", "schemas/trust.schema.json"),
        ("../tests/world.py", f"{docs_site.REPOSITORY}/blob/main/tests/world.py"),
        ("../tests", f"{docs_site.REPOSITORY}/tree/main/tests"),
        ("#here", "#here"),
        ("https://slsa.dev", "https://slsa.dev"),
    ],
)
def test_a_link_leads_to_the_page_or_into_the_repository(link: str, fitted: str) -> None:
    assert docs_site.fitted("docs/tools.md", f"see [x]({link}).", docs_site.places()) == f"see [x]({fitted})."


@pytest.mark.parametrize("link", ["nowhere.md", "../tests/nowhere.py", "../../elsewhere.md"])
def test_a_link_to_a_file_that_is_not_there_is_a_fault(link: str) -> None:
    with pytest.raises(docs_site.Fault, match=r"^docs/tools.md: expected a file of the repository, found a link to "):
        docs_site.fitted("docs/tools.md", f"see [x]({link}).", docs_site.places())


def test_what_only_looks_like_a_link_in_a_block_stays() -> None:
    block = "```sh\necho '[x](nowhere.md)'\n```\n"
    assert docs_site.fitted("docs/tools.md", block, docs_site.places()) == block


@pytest.mark.parametrize(
    ("page", "warning"),
    [
        ("[x](nowhere.md)", "the target is not found"),
        ("[x](#nowhere)", "there is no such anchor"),
        ("[x](index.md#nowhere)", "there is no such anchor"),
    ],
)
def test_a_link_that_leads_nowhere_ends_the_build(page: str, warning: str, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "index.md").write_text(f"# One\n\n{page}\n")
    done = built(sources, tmp_path, nav=[{"One": "index.md"}])
    assert done.returncode == 1
    assert warning in done.stderr


def test_every_check_and_every_rule_has_an_anchor(site: Path) -> None:
    for page, ids in (("checks", CHECKS), ("rules", RULES)):
        anchors = set(re.findall(r'<a id="([^"]+)"', (site / page / "index.html").read_text(encoding="utf-8")))
        assert set(ids) <= anchors


def test_the_address_of_an_explanation_is_one_of_the_site(site: Path) -> None:
    for name in CHECKS:
        place, _, anchor = explanation_of(name).removeprefix(BASE).partition("#")
        assert f'<a id="{anchor}"' in (site / place / "index.html").read_text(encoding="utf-8")


def test_every_type_and_every_schema_has_its_page_where_its_name_says(site: Path) -> None:
    ids = [json.loads(path.read_bytes())["$id"] for path in (ROOT / "schemas").glob("*.json")]
    for name in [*PREDICATES, *ids]:
        assert (site / name.removeprefix(BASE) / "index.html").is_file(), name


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe|source)[^>]*\ssrc="([^"]*)"', text)
        loaded += re.findall(r'<link[^>]*rel="(?:stylesheet|shortcut icon|preload)"[^>]*href="([^"]*)"', text)
        loaded += re.findall(r'<link href="([^"]*)"', text)
        assert [address for address in loaded if "//" in address] == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//|@import", sheet.read_text(encoding="utf-8")), sheet
