"""C2SP signed notes (c2sp.org/signed-note): text, an empty line, signature lines `— name base64(key id, signature)`.

Transparency logs sign their heads in this form.
"""

from __future__ import annotations

from typing import Final

import msgspec

from attest.codec.octets import from_base64, to_base64
from attest.errors import MalformedError, UntrustedError
from attest.signing.keys import PrivateKey, PublicKey

MAX_NOTE_BYTES: Final = 128 * 1024
"""Enough for as many signatures as have to be accepted (C2SP: 16), each of ML-DSA-87's 4,627 bytes."""

MAX_SIGNATURES: Final = 16
_DASH: Final = "— "
_KEY_ID_BYTES: Final = 4


class NoteSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature line of a note, as it stands there: who claims to have signed, the key's id, the signature."""

    name: str
    key_id: bytes
    signature: bytes


def check_key_name(name: str) -> str:
    """Return `name` if it can name a note's key: not empty, no white space, no plus, no control characters."""
    if not name or "+" in name or not name.isprintable() or any(character.isspace() for character in name):
        raise MalformedError("note key name", "a name without spaces, plus and control characters", ascii(name[:80]))
    return name


def sign_note(text: str, name: str, key: PrivateKey, *, at: int = 0) -> bytes:
    """Sign `text` (ends in a line feed) as `name`; return the whole note.

    `at` (POSIX seconds) goes into signatures that have a place for it; 0 says nothing of the time. Raises
    `MalformedError` for what no note can hold, and what this algorithm does not sign.
    """
    _check_text(text, "note")
    line = _signature_line(check_key_name(name), key.public, key.sign_note(name, text, at=at))
    return f"{text}\n{line}".encode()


def open_note(octets: bytes, name: str, key: PublicKey, *, where: str) -> str:
    """Return the text of a note that `key` signed as `name`.

    Other signatures are ignored, as the specification demands. Raises `UntrustedError` if this key's is missing or bad.
    """
    text, lines = _split(octets, where)
    prefix = f"{_DASH}{check_key_name(name)} "
    key_id = key.note_key_id(name)
    ours = 0
    for line in lines:
        if not line.startswith(prefix):
            continue
        signature = from_base64(line.removeprefix(prefix), where=where)
        if signature[:_KEY_ID_BYTES] != key_id:
            continue
        if not key.verify_note(name, text, signature[_KEY_ID_BYTES:]):
            raise UntrustedError(where, f"a signature of key {key.keyid[:16]} over this note", "a bad one")
        ours += 1
    if ours != 1:
        raise UntrustedError(where, f"one signature of {name} by key {key.keyid[:16]}", f"{ours}")
    return text


def read_text(octets: bytes, *, where: str) -> str:
    """Return the text of a note WITHOUT checking who signed it; for showing, and for finding the right key."""
    return _split(octets, where)[0]


def split_signed_note(octets: bytes, *, where: str) -> tuple[str, tuple[NoteSignature, ...]]:
    """Return the text of somebody else's note and its signatures, NOT checked: for keys whose ids are not C2SP's."""
    text, lines = _split(octets, where)
    return text, tuple([_signature(line, where) for line in lines])


def _signature(line: str, where: str) -> NoteSignature:
    _, name, written = line.split(" ")
    octets = from_base64(written, where=where)
    return NoteSignature(name=name, key_id=octets[:_KEY_ID_BYTES], signature=octets[_KEY_ID_BYTES:])


def _signature_line(name: str, key: PublicKey, signature: bytes) -> str:
    return f"{_DASH}{name} {to_base64(key.note_key_id(name) + signature)}\n"


def _split(octets: bytes, where: str) -> tuple[str, list[str]]:
    if len(octets) > MAX_NOTE_BYTES:
        raise MalformedError(where, f"a note of at most {MAX_NOTE_BYTES} bytes", f"{len(octets)}")
    try:
        note = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(where, "a note in UTF-8", f"byte {error.start} is not") from error
    text, gap, signatures = note.rpartition("\n\n")
    lines = signatures.removesuffix("\n").split("\n")
    if not gap or not signatures.endswith("\n") or not 1 <= len(lines) <= MAX_SIGNATURES:
        raise MalformedError(
            where, f"a text, an empty line and 1 to {MAX_SIGNATURES} signature lines", "something else"
        )
    if not all(line.startswith(_DASH) and len(line.split(" ")) == 3 for line in lines):  # noqa: PLR2004  (dash, name, base64)
        raise MalformedError(where, "signature lines '— name base64'", "another line")
    _check_text(note, where)
    return f"{text}\n", lines


def _check_text(text: str, where: str) -> str:
    if not text.endswith("\n") or any(ord(character) < 0x20 and character != "\n" for character in text):  # noqa: PLR2004  (control characters)
        raise MalformedError(where, "text that ends in a line feed, without control characters", "something else")
    return text
