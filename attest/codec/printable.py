"""Any text as one line that a document and a terminal can take.

Names of files and arguments of processes are the attacker's: line ends forge log lines, escape
sequences drive terminals, direction marks make one name look like another.
"""

from __future__ import annotations

from typing import Final

MAX_LINE_CHARACTERS: Final = 4096
"""As `attest.codec.records.Line`."""


def printable(text: str, *, limit: int = MAX_LINE_CHARACTERS) -> str:
    r"""Return `text` with every unprintable character written as `\xNN`, `\uNNNN` or `\UNNNNNNNN`.

    A byte that was not UTF-8 (a lone surrogate, as `os.fsdecode` leaves it) becomes `\udcNN`. A
    backslash stays what it is, so two texts may come out equal. Longer ones are cut at `limit`
    characters and end in an ellipsis; empty ones become `""`.
    """
    if not text:
        return '""'
    if not text.isprintable():
        text = "".join(_escaped(character) for character in text[:limit])
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def printable_json(text: str) -> str:
    r"""Return one line of JSON with the same value, in which unprintable characters are escapes (RFC 8259, 7).

    They can stand in its strings alone, and as `\\uNNNN` they say the same there.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _units(character) for character in text)


def _units(character: str) -> str:
    """Return the UTF-16 code units of a character as JSON escapes them."""
    digits = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{digits[at : at + 4]}" for at in range(0, len(digits), 4))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004  (the widest that \x can write)
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  (as above)
