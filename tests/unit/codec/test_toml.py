"""TOML that people write is read; what would keep the parser busy, or is none, is malformed input."""

from __future__ import annotations

import pytest

from attest.codec.toml import MAX_KEY_PARTS, parse_toml
from attest.errors import MalformedError


def read(text: str) -> object:
    return parse_toml(text.encode(), where="x.toml", max_bytes=1_000_000)


def test_what_toml_says_is_returned() -> None:
    assert read('a.b = 1\n[c."d.e"]\nf = "1.2.3"') == {"a": {"b": 1}, "c": {"d.e": {"f": "1.2.3"}}}


@pytest.mark.parametrize("joined", [".", " . ", "\t.", '."'])
@pytest.mark.parametrize("written", ["{} = 1", "[{}]", "x = {{ {} = 1 }}", "[[{}]]"])
def test_a_key_may_have_some_parts_and_not_very_many(joined: str, written: str) -> None:
    def key(parts: int) -> str:
        if joined == '."':
            return ".".join(['"a"'] * parts)
        return joined.join(["a"] * parts)

    assert read(written.format(key(MAX_KEY_PARTS)))
    for parts in (MAX_KEY_PARTS + 1, 50_000):
        with pytest.raises(MalformedError, match="parts"):
            read(written.format(key(parts)))


@pytest.mark.parametrize(
    "text",
    ["a = 1\na = 2", "[a]\n[a]", "a = " + "9" * 5000, "a = 2026-02-30", "a = " + "[" * 5000, "a", "\x00", '"\ud7ff'],
)
def test_what_is_no_toml_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError, match="TOML"):
        read(text)


def test_too_many_bytes_and_bytes_that_are_no_utf8_are_malformed() -> None:
    with pytest.raises(MalformedError, match="at most 3 bytes"):
        parse_toml(b"a=12", where="x.toml", max_bytes=3)
    with pytest.raises(MalformedError, match="UTF-8"):
        parse_toml(b"a = '\xff'", where="x.toml", max_bytes=99)


def test_a_long_text_is_looked_through_at_once() -> None:
    text = 'a = "' + "b.c " * 200_000 + '"\n# ' + ("d . " * 20 + ", ") * 2_000
    assert read(text)
