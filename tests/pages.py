"""Pages as `attest report` makes them, read apart again; and what somebody does to one who has no key."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from attest.evidence.page.making import make_page
from attest.evidence.page.pieces import PIECE_BYTES, pack
from attest.evidence.verify.question import Question
from tests.evidence_story import ask

FILE = "evidence.jsonl"
COMMAND = ("attest", "verify", FILE, "--trust", "trust.json")
_PIECE = re.compile(rb'<script type="text/plain" id="e\d+">([^<]*)</script>\n')
_FACTS = re.compile(rb'(<script type="text/plain" id="facts">)([^<]*)(</script>)')


def page_of(lines: Iterable[bytes], question: Question | None = None, **changes: Any) -> bytes:
    """Return the page about lines, judged as an honest story is."""
    question = question or ask()
    told: dict[str, Any] = {"file": FILE, "file_sha256": None, "at": question.at, "command": COMMAND}
    return b"".join(make_page(lines, question, **{**told, **changes}).chunks)


def unjudged(lines: Iterable[bytes]) -> bytes:
    """Return the page of somebody without a trust file."""
    return b"".join(make_page(lines, None, file=FILE, file_sha256=None, at=ask().at, command=COMMAND).chunks)


def evidence_in(page: bytes) -> bytes:
    """Return the evidence that a page holds."""
    return b"".join(gzip.decompress(base64.b64decode(each)) for each in _PIECE.findall(page))


def facts_in(page: bytes) -> dict[str, Any]:
    """Return what a page was told."""
    found = _FACTS.search(page)
    assert found is not None
    facts: dict[str, Any] = json.loads(base64.b64decode(found[2]))
    return facts


def with_evidence(page: bytes, lines: Iterable[bytes]) -> bytes:
    """Exchange the evidence in a page and let it say that this is what it was made of: anybody can."""
    octets = b"".join(lines)
    cuts = [octets[at : at + PIECE_BYTES] for at in range(0, len(octets), PIECE_BYTES)]
    assert len(cuts) == 1, "cut between lines, if this is to hold more"
    element = b'<script type="text/plain" id="e0">%b</script>\n' % base64.b64encode(pack(octets))
    content = _content(octets)
    changed = with_facts(page, content={**facts_in(page)["content"], **content})
    first, *_ = _PIECE.finditer(changed)
    return _PIECE.sub(b"", changed[: first.start()] + b"@" + changed[first.start() :]).replace(b"@<", element + b"<", 1)


def with_facts(page: bytes, **changes: Any) -> bytes:
    """Exchange what a page was told."""
    facts = base64.b64encode(json.dumps({**facts_in(page), **changes}).encode())
    return _FACTS.sub(lambda found: found[1] + facts + found[3], page)


def _content(octets: bytes) -> dict[str, Any]:
    import hashlib

    return {
        "pieces": 1,
        "lines": octets.count(b"\n"),
        "bytes": len(octets),
        "sha256": hashlib.sha256(octets).hexdigest(),
    }


class Elements(HTMLParser):
    """The elements of a page as a browser sees them, each with its attributes, and the text of each script."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(attrs)))
        self._open = tag if not attrs else ""

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in {"style", "script"}:
            self.texts.append((self._open, data))
