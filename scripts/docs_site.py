"""Lay out what MkDocs builds the site from: the pages of docs/ and what they lead to, each link checked and fitted.

In the repository a page links to files as GitHub shows them. On the site only some of them are pages: predicates and
schemas stand where their type URIs and ids say, other files are linked to in the repository. A link to a file that is
not there, and a page that `mkdocs.yml` does not name, are faults; MkDocs itself finds what is wrong with anchors.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from attest.provenance.certified_writer import PREDICATE_TYPE as WRITER_KEY
from attest.statement.predicates import PREDICATES, short_name
from scripts import schema_pages

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = ROOT / "build/site-source"
REPOSITORY: Final = "https://github.com/mcp-attest/mcp-attest"

FIXED: Final = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "overview.md",
    "SECURITY.md": "security.md",
    "predicates/README.md": "predicates/index.md",
    "schemas": "schemas/index.md",
    **{
        f"predicates/{short_name(uri)}.md": uri.removeprefix(schema_pages.BASE) + ".md"
        for uri in (*PREDICATES, WRITER_KEY)
    },
}
"""Pages from outside docs/: where they lie in the repository, and where on the site."""

ANCHORED: Final = {"docs/checks.md", "docs/rules.md"}
"""Pages of tables whose first column is an id that others link to: `checks/#integrity.grammar`."""

_FENCE: Final = re.compile(r"^ *(`{3,})[^`\n]*\n.*?^ *\1$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<=\]\()[^()\s]+(?=\))")
_ROW: Final = re.compile(r"^\| `([a-z0-9.-]+)` \|", re.MULTILINE)


class Fault(Exception):  # noqa: N818  (it is one line of the report)
    """A page that leads nowhere, or to which nothing leads."""


def places() -> dict[str, str]:
    """Return every file of the repository that is on the site, and where."""
    docs = {
        path.relative_to(ROOT).as_posix(): path.relative_to(ROOT / "docs").as_posix()
        for path in sorted((ROOT / "docs").rglob("*"))
        if path.is_file()
    }
    schemas = {path.relative_to(ROOT).as_posix(): f"schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    return FIXED | docs | schemas


def files() -> Iterator[tuple[str, bytes]]:
    """Yield what the site is built from: path and content.

    Raises:
        Fault: a link to a file that is not in the repository.
    """
    placed = places()
    schemas = {}
    for source, place in placed.items():
        if source == "schemas":
            continue
        content = (ROOT / source).read_bytes()
        if source.startswith("schemas/"):
            schemas[PurePosixPath(place).name] = json.loads(content)
        yield place, fitted(source, content.decode(), placed).encode() if place.endswith(".md") else content
    for file, schema in schemas.items():
        # Two levels up from its page, since the page has a folder of its own.
        yield schema_pages.address(schema), schema_pages.page(schema, file).encode()
    yield "schemas/index.md", schema_pages.index(schemas).encode()


def fitted(source: str, text: str, placed: Mapping[str, str]) -> str:
    """Return the page at `source` as it stands on the site: links fitted, ids of its tables made into anchors."""
    parts, end = [], 0
    for block in _FENCE.finditer(text):
        parts += [_linked(source, text[end : block.start()], placed), block[0]]
        end = block.end()
    whole = "".join([*parts, _linked(source, text[end:], placed)])
    return _ROW.sub(r'| <a id="\1"></a>`\1` |', whole) if source in ANCHORED else whole


def _linked(source: str, text: str, placed: Mapping[str, str]) -> str:
    return _LINK.sub(lambda found: target(source, found[0], placed), text)


def target(source: str, link: str, placed: Mapping[str, str]) -> str:
    """Return what a link of the page at `source` is on the site.

    Raises:
        Fault: it leads to a file that is not in the repository.
    """
    path, hash_, anchor = link.partition("#")
    if not path or ":" in path:
        return link
    named = os.path.normpath(PurePosixPath(source).parent / path)
    if named in placed:
        return os.path.relpath(placed[named], PurePosixPath(placed[source]).parent) + hash_ + anchor
    if not (ROOT / named).exists() or named.startswith(".."):
        raise Fault(f"{source}: expected a file of the repository, found a link to {link}")
    return f"{REPOSITORY}/{'tree' if (ROOT / named).is_dir() else 'blob'}/main/{named}{hash_}{anchor}"


def unnamed(navigation: str) -> list[str]:
    """Return a line for each page of docs/ to which nothing leads in the text of mkdocs.yml."""
    pages = (path.relative_to(ROOT / "docs").as_posix() for path in sorted((ROOT / "docs").rglob("*.md")))
    return [
        f"docs/{page}: expected an entry in the nav of mkdocs.yml, under how-to, reference or explanation, found none"
        for page in pages
        if not re.search(rf"[ :]{re.escape(page)}$", navigation, re.MULTILINE)
    ]


def write(folder: Path) -> None:
    """Make `folder` hold what the site is built from, and nothing else.

    Raises:
        Fault: a link to a file that is not in the repository.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for place, content in files():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main() -> int:
    """Write the sources of the site; return 1 if something leads nowhere."""
    found = unnamed((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    try:
        write(SOURCE)
    except Fault as fault:
        found.append(str(fault))
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
