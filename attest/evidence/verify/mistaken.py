"""What a file of unknown kind seems to be, by how it begins: whoever gave the wrong one has to know which."""

from __future__ import annotations

import re
from typing import Final

from attest.codec import strict
from attest.errors import MalformedError

NONE: Final = "none of them"

_ARCHIVE: Final = "an archive: its attestations are judged, and --artifact takes it"
_BEGINNINGS: Final = (
    (b"\xef\xbb\xbf", "text behind a byte order mark"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"-----BEGIN PUBLIC KEY-----", "a public key"),
    (b"-----BEGIN ", "a key or a certificate, in PEM"),
    (b"SQLite format 3\0", "the database of a log, which attest bundle exports"),
    (b"PK\3\4", _ARCHIVE),
    (b"attest.log/", "a checkpoint, which --expect-checkpoint takes"),
    (b'{"entry":', "a line of an evidence bundle, without the others"),
    (b"<!doctype html><!-- attest report", "a page of attest report, made of the evidence that is to be judged"),
    (b"<", "a page, or another text with markup"),
)
_TAR: Final = slice(257, 262)
"""Where an archive of tar says `ustar` (POSIX.1, pax interchange format)."""

_OURS: Final = re.compile(rb'"schema"\s*:\s*"https://mcp-attest\.github\.io/schemas/([a-z-]{1,40})/v')
_SCHEMAS: Final = {
    b"trust": "a trust file, which --trust takes",
    b"policy": "a gate policy, which --policy takes",
    b"manifest": "a manifest, which belongs beside its reference",
    b"verdict": "a verdict, and not what it was about",
}
_STATEMENT: Final = "https://in-toto.io/Statement/"
_LOOKED_AT: Final = 4096


def seems(octets: bytes) -> str:
    """Return in a few words what a document seems to be that is nothing that can be judged."""
    if not octets:
        return "an empty file"
    if octets[_TAR] == b"ustar":
        return _ARCHIVE
    named = _OURS.search(octets, 0, _LOOKED_AT)
    if named is not None:
        return _SCHEMAS.get(named[1], f"a document of ours of another kind: {named[1].decode()}")
    told = next((told for beginning, told in _BEGINNINGS if octets.startswith(beginning)), None)
    return told or _of_json(octets)


def _of_json(octets: bytes) -> str:
    """Return what is wrong with JSON, if it is meant to be some."""
    if not octets.lstrip().startswith((b"{", b"[")):
        return NONE
    try:
        value = strict.parse(octets, where="file")
    except MalformedError as error:
        return f"JSON that is cut or broken: {error.found}"
    is_statement = isinstance(value, dict) and str(value.get("_type", "")).startswith(_STATEMENT)
    return "a statement that nobody signed" if is_statement else "JSON of another kind"
