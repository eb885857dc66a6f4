"""JSON of somebody else's inside documents of ours: text in RFC 8785 form, since records of ours hold no floats.

The text is signed as it stands, and digested as it stands. It has one spelling alone, which reading checks.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, NoReturn

import msgspec

from attest.codec import canonical, strict
from attest.errors import MalformedError

MAX_TEXT: Final = 262_144
"""Characters; the largest definition of a tool that is known has a tenth of that."""

JsonText = Annotated[str, msgspec.Meta(min_length=2, max_length=MAX_TEXT)]
"""A JSON object in its RFC 8785 form, as text; what `check_object` accepts."""


def text_of(value: Mapping[str, Any], *, where: str) -> str:
    """Return the RFC 8785 form of a JSON object; raise `MalformedError` if it has none, or a very long one.

    Whole numbers beyond 2**53 - 1 are refused, as such or with an exponent: readers do not agree on what they say.
    """
    try:
        octets = canonical.encode_value(value)
    except MalformedError as error:
        raise MalformedError(where, error.expected, error.found) from error
    strict.parse(octets, where=where)
    return _bounded(octets.decode(), where)


def text_of_parsed(value: Mapping[str, Any], *, where: str) -> str:
    """As `text_of`, and several times as fast for most objects; only for what a parser of strict JSON returned.

    Of other values (a date, a number that is none) it would make a text that says something else.
    """
    try:
        octets = _SORTED.encode(value)
    except UnicodeEncodeError as error:
        raise MalformedError(where, "text without lone surrogates", "one") from error
    if _is_plainly_canonical(octets):
        return _bounded(octets.decode(), where)
    return text_of(value, where=where)


def _bounded(text: str, where: str) -> str:
    if len(text) > MAX_TEXT:
        raise MalformedError(where, f"at most {MAX_TEXT} characters", f"{len(text)}")
    return text


def check_object(text: str, *, where: str) -> dict[str, Any]:
    """Return the object that a `JsonText` holds; raise `MalformedError` if the text is no object in RFC 8785 form."""
    try:
        octets = text.encode()
    except UnicodeEncodeError as error:
        raise MalformedError(where, "text without lone surrogates", "one") from error
    value = strict.parse(octets, where=where)
    if not isinstance(value, dict):
        raise MalformedError(where, "a JSON object", type(value).__name__)
    if not _is_plainly_canonical(octets) and canonical.encode_value(value) != octets:
        raise MalformedError(where, "JSON in RFC 8785 form", "the same values spelled differently")
    return value


def _is_plainly_canonical(octets: bytes) -> bool:
    """Return True only for RFC 8785 form; False is no answer. Ten times as fast, for most texts have no float."""
    if not octets.isascii():
        return False
    try:
        return _SORTED.encode(_WITHOUT_FLOATS.decode(octets)) == octets
    except (msgspec.MsgspecError, _FloatError):
        return False


class _FloatError(Exception):
    """A number with a fraction or an exponent, of which the quick encoder knows another spelling."""


def _refuse(digits: str) -> NoReturn:
    raise _FloatError(digits)


_SORTED: Final = msgspec.json.Encoder(order="sorted")
_WITHOUT_FLOATS: Final = msgspec.json.Decoder(float_hook=_refuse)
