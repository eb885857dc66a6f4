"""The certificates inside a time stamp, put in the order that DER demands of a set (X.690, 11.6).

Many authorities send them as they lie: the signing certificate first. CMS allows that (RFC 5652, 5.1: SignedData is
BER), and `rfc3161-client` refuses it. No signature covers the set, so that nothing is lost by sorting it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_CERTIFICATES: Final = 0xA0
"""The tag of `certificates` in SignedData: [0], constructed."""

_LONG: Final = 0x80
_MAX_LENGTH_BYTES: Final = 4


class _Element(NamedTuple):
    tag: int
    at: int
    begin: int
    """Of the content."""
    end: int


def sort_certificates(response: bytes) -> bytes:
    """Return a TimeStampResp (RFC 3161, 2.4.2) with its certificates in order; whatever is none comes back as it is."""
    try:
        found = _certificates(response)
    except (IndexError, ValueError):
        return response
    if found is None:
        return response
    certificates, inside = found
    ordered = sorted(response[each.at : each.end] for each in inside)
    return response[: certificates.begin] + b"".join(ordered) + response[certificates.end :]


def _certificates(response: bytes) -> tuple[_Element, list[_Element]] | None:
    """Return the set of certificates and what is in it; raises `ValueError` or `IndexError` for another structure."""
    _, token = _elements(response, _element(response, 0, len(response)))
    _, content = _elements(response, token)
    (signed_data,) = _elements(response, content)
    _, _, _, certificates, *_ = _elements(response, signed_data)
    return (certificates, _elements(response, certificates)) if certificates.tag == _CERTIFICATES else None


def _elements(octets: bytes, outer: _Element) -> list[_Element]:
    found, at = [], outer.begin
    while at < outer.end:
        found.append(_element(octets, at, outer.end))
        at = found[-1].end
    return found


def _element(octets: bytes, at: int, stop: int) -> _Element:
    length, begin = octets[at + 1], at + 2
    if length & _LONG:
        count = length & ~_LONG
        if not 1 <= count <= _MAX_LENGTH_BYTES:
            msg = "a length that is not definite, or too long"
            raise ValueError(msg)
        length, begin = int.from_bytes(octets[begin : begin + count], "big"), begin + count
    if begin + length > stop:
        msg = "an element that does not end inside the one around it"
        raise ValueError(msg)
    return _Element(octets[at], at, begin, begin + length)
