"""Ways to break a document, each with a name: for any JSON document of ours, and what only some formats can suffer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from attest.codec import canonical
from attest.codec.octets import to_base64
from attest.codec.records import MAX_SAFE_INTEGER

Place = tuple[str | int, ...]
Fault = tuple[str, bytes]
"""A name and the broken document."""

_RAW: Final = "@raw@"


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where in a document a value of a kind lies; None where it has none."""

    text: Place
    integer: Place | None = None
    time: Place | None = None
    digest: Place | None = None
    word: Place | None = None
    """One of an enumeration."""


def with_value(good: bytes, place: Place, value: object) -> bytes:
    """Return the document with `value` in `place`, in RFC 8785 form."""
    document = json.loads(good)
    holder: Any = document
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return canonical.encode_value(document)


def without(good: bytes, place: Place) -> bytes:
    """Return the document without the field at `place`."""
    document = json.loads(good)
    holder: Any = document
    for step in place[:-1]:
        holder = holder[step]
    del holder[place[-1]]
    return canonical.encode_value(document)


def with_raw(good: bytes, place: Place, raw: bytes) -> bytes:
    """Return the document with these very bytes as the value in `place`."""
    return with_value(good, place, _RAW).replace(f'"{_RAW}"'.encode(), raw)


def value_at(good: bytes, place: Place) -> Any:  # noqa: ANN401  (any JSON value)
    """Return the value in `place`."""
    value = json.loads(good)
    for step in place:
        value = value[step]
    return value


def json_faults(good: bytes, places: Places) -> Iterator[Fault]:
    """Yield what no JSON document may be, whatever its layout."""
    first, value = next(iter(json.loads(good).items()))
    member = json.dumps(first).encode() + b":" + canonical.encode_value(value)
    text = str(value_at(good, places.text))
    yield "empty", b""
    yield "cut", good.rstrip(b"\n")[:-1]
    yield "two-values", good.rstrip(b"\n") + b"{}"
    yield "duplicate-key", b"{" + member + b"," + good.lstrip()[1:]
    yield "byte-order-mark", b"\xef\xbb\xbf" + good
    yield "invalid-utf8", with_raw(good, places.text, b'"\xff"')
    yield "overlong-utf8", with_raw(good, places.text, b'"\xc0\xaf"')
    yield "lone-surrogate", with_raw(good, places.text, b'"\\ud800"')
    yield "control-character", with_raw(good, places.text, b'"a\x01b"')
    yield "nan", with_raw(good, places.integer or places.text, b"NaN")
    yield "nesting-too-deep", with_raw(good, places.text, b"[" * 2000 + b"]" * 2000)
    yield "wrong-type", with_value(good, places.text, [text])
    yield "null-for-text", with_value(good, places.text, None)
    yield "unknown-field", with_value(good, (*places.text[:-1], "zz"), 1)
    yield "missing-field", without(good, places.text)
    yield "array-for-object", b"[" + good.strip() + b"]"


def form_faults(good: bytes, places: Places) -> Iterator[Fault]:
    """Yield second spellings, which a document of ours may not have (RFC 8785)."""
    document = json.loads(good)
    text = str(value_at(good, places.text))
    escaped = f'"\\u{ord(text[0]):04x}{text[1:]}"'.encode()
    backwards = dict(reversed(document.items()))
    yield "white-space", b"{ " + good[1:]
    yield "trailing-white-space", good + b" "
    yield "unsorted-keys", json.dumps(backwards, separators=(",", ":"), ensure_ascii=False).encode()
    yield "needless-escape", with_raw(good, places.text, escaped)


def value_faults(good: bytes, places: Places) -> Iterator[Fault]:
    """Yield values of the right JSON type that a field may not have."""
    if places.integer is not None:
        yield "integer-beyond-2-53", with_raw(good, places.integer, str(MAX_SAFE_INTEGER + 1).encode())
        yield "integer-of-many-digits", with_raw(good, places.integer, b"9" * 5000)
        yield "negative-integer", with_value(good, places.integer, -1)
        yield "fraction-for-integer", with_value(good, places.integer, 1.5)
        yield "exponent-for-integer", with_raw(good, places.integer, b"1e400")
        yield "boolean-for-integer", with_value(good, places.integer, value=True)
        yield "text-for-integer", with_value(good, places.integer, "1")
    if places.time is not None:
        for name, time in (
            ("time-with-offset", "2026-11-22T12:00:00.000+00:00"),
            ("time-without-zone", "2026-11-22T12:00:00.000"),
            ("time-in-another-zone", "2026-11-22T12:00:00.000+01:00"),
            ("time-without-decimals", "2026-11-22T12:00:00Z"),
            ("time-in-lower-case", "2026-11-22t12:00:00.000z"),
            ("time-with-line-feed", "2026-11-22T12:00:00.000Z\n"),
            ("day-that-is-none", "2026-02-30T12:00:00.000Z"),
            ("leap-second", "2026-12-31T23:59:60.000Z"),
        ):
            yield name, with_value(good, places.time, time)
    if places.digest is not None:
        digest = str(value_at(good, places.digest))
        yield "digest-in-upper-case", with_value(good, places.digest, digest.upper())
        yield "digest-too-short", with_value(good, places.digest, digest[:-1])
        yield "digest-too-long", with_value(good, places.digest, f"{digest}0")
        yield "digest-with-line-feed", with_value(good, places.digest, f"{digest}\n")
        yield "digest-of-other-digits", with_value(good, places.digest, digest[:-1] + "\uff11")
    if places.word is not None:
        yield "unknown-word", with_value(good, places.word, "whatever")
        yield "word-in-upper-case", with_value(good, places.word, str(value_at(good, places.word)).upper())


def float_for_integer(good: bytes, place: Place) -> Fault:
    """Return the fault of an integer that is spelled as a float, which only a canonical form tells apart."""
    return "float-for-integer", with_raw(good, place, b"%d.0" % value_at(good, place))


def path_faults(put: Callable[[str], bytes]) -> Iterator[Fault]:
    """Yield documents with paths that could point out of their root; `put` makes a document with a path."""
    for name, path in (
        ("path-absolute", "/etc/passwd"),
        ("path-with-dots", "a/../../etc/passwd"),
        ("path-with-dot", "a/./b"),
        ("path-not-normalised", "a//b"),
        ("path-with-last-slash", "a/"),
        ("path-empty", ""),
        ("path-with-nul", "a\0b"),
        ("path-with-line-feed", "a\nb"),
        ("path-with-backslash", "a\\b"),
        ("path-too-long", "a/" * 2048 + "a"),
    ):
        yield name, put(path)


def base64_faults(octets: bytes, put: Callable[[str], bytes]) -> Iterator[Fault]:
    """Yield documents with second spellings of base64; `put` makes a document with a text."""
    text = to_base64(octets)
    body = text.rstrip("=")
    if body != text:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        stray = alphabet[alphabet.index(body[-1]) + 1]
        yield "base64-without-padding", put(body)
        yield "base64-with-stray-bits", put(body[:-1] + stray + "=" * (len(text) - len(body)))
    yield "base64-with-line-feed", put(f"{text[:40]}\n{text[40:]}")
    yield "base64-with-space", put(f"{text} ")
    yield "base64-of-another-alphabet", put(text.replace("+", "-").replace("/", "_")[:-4] + "-_-_")


def replaced(text: str, replacements: Iterable[tuple[str, str, str]]) -> Iterator[Fault]:
    """Yield a fault for each replacement: its name, what stands in the text, and what stands there instead."""
    for name, old, new in replacements:
        changed = text.replace(old, new)
        if changed == text:
            msg = f"{name}: not in the file"
            raise ValueError(msg)
        yield name, changed.encode()
