"""Put a page together: the document, its style and scripts by their hashes, and everything else in base64.

What comes out of evidence is in base64 here and text in the browser: no byte of it is ever read as markup. The policy
allows the one style and the one script whose hashes it names, a worker, and nothing that would have to be fetched; and
it takes strings away from every place of the document that would read them as markup (Trusted Types).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from attest.evidence.page import scripts
from attest.evidence.page.facts import PageFacts
from attest.evidence.page.pieces import Kept

OPENING: Final = b"<!doctype html><!-- attest report -->\n"
"""How every page begins."""

_MARK: Final = re.compile(r"@@([a-z]+)@@")
_POLICY: Final = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; worker-src blob:; img-src data:; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types attest"
)
"""Content Security Policy Level 3. `img-src data:` is the icon, without which a browser asks the server for one."""


def write_page(facts: PageFacts, evidence: Kept, manifests: Iterable[Kept]) -> Iterator[bytes]:
    """Yield the page."""
    style, script = scripts.styles(), scripts.view()
    parts = {
        "policy": [_POLICY.format(script=_hash(script), style=_hash(style))],
        "style": [style],
        "script": [script],
        "worker": [scripts.worker()],
        "facts": [base64.b64encode(msgspec.json.encode(facts)).decode()],
        "pieces": _pieces(evidence, manifests),
    }
    text = scripts.document()
    at = 0
    for mark in _MARK.finditer(text):
        yield text[at : mark.start()].encode()
        for part in parts[mark[1]]:
            yield part.encode()
        at = mark.end()
    yield text[at:].encode()


def _pieces(evidence: Kept, manifests: Iterable[Kept]) -> Iterator[str]:
    """Yield an element a piece: as one, the text would keep a browser busy for longer than a person waits."""
    yield from _elements("e", evidence)
    for number, manifest in enumerate(manifests):
        yield from _elements(f"m{number}-", manifest)


def _elements(prefix: str, kept: Kept) -> Iterator[str]:
    for number, piece in enumerate(kept.pieces):
        yield f'<script type="text/plain" id="{prefix}{number}">{base64.b64encode(piece).decode()}</script>\n'


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
