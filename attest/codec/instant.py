"""The time type: an instant in UTC, in milliseconds since 1970, and its one text form.

On the wire an instant is `2026-11-22T12:00:00.000Z`, always with three digits and always with Z, so that equal
instants are equal bytes. Inside, it is an `int`. RFC 3339, restricted.
"""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import Final, final

from attest.errors import MalformedError

# Without a zone: everything in here is UTC, and the text of a second is the start of the wire form.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
_ONE_SECOND = timedelta(seconds=1)
_WHOLE = len("2026-11-22T12:00:00")
"""Length of the text of whole seconds, the start of the wire form."""

_DECIMAL_DIGITS = 3
_MAX_REMEMBERED: Final = 1024
"""Seconds: bounded memory, whatever is read. Of the decimals there are no more than a thousand."""

_SHORT_LENGTH = len("2026-11-22T12:00:00Z")
_LAST = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last instant that the text form can hold."""


def text(milliseconds: int) -> str:
    """Write an instant (milliseconds since 1970, UTC) in the one wire form."""
    if not 0 <= milliseconds <= _LAST:
        raise MalformedError("time", "an instant between 1970 and 9999", f"{milliseconds} ms")
    seconds, decimals = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{decimals:03d}Z"


def parse(wire: str, *, where: str = "time") -> int:
    """Read the wire form (exactly three decimals, `Z`) into milliseconds; raise `MalformedError` for anything else."""
    found = milliseconds(wire)
    if found >= 0:
        return found
    raise MalformedError(where, "a UTC time such as 2026-11-22T12:00:00.000Z", ascii(wire[:64]))


# One receipt holds the same time several times, and a busy log has many receipts a second: both are remembered.
@functools.lru_cache(maxsize=64)
def milliseconds(wire: str) -> int:
    """Return the milliseconds of a wire form, something negative if it is none."""
    decimals = _decimals(wire[_WHOLE:])
    return _seconds(wire[:_WHOLE]) * 1000 + decimals if decimals >= 0 else -1


@final
class Instants:
    """Reads wire forms one after the other, as bytes: for who has very many, in an order that repeats their seconds.

    Both halves of a wire form are looked up among those that were read before, by `milliseconds`; and as each half is
    accepted or refused whatever the other one is, so is the whole.
    """

    __slots__ = ("_decimals", "_seconds")

    def __init__(self) -> None:
        """Begin without any earlier one."""
        self._seconds: dict[bytes, int] = {}
        self._decimals: dict[bytes, int] = {}

    def read(self, wire: bytes) -> int:
        """Return the milliseconds of a wire form, something negative if it is none; `ValueError` if not in UTF-8."""
        second, decimals = wire[:_WHOLE], wire[_WHOLE:]
        try:
            return self._seconds[second] + self._decimals[decimals]
        except KeyError:
            pass
        found = milliseconds(wire.decode())
        if found >= 0:
            if len(self._seconds) >= _MAX_REMEMBERED:
                self._seconds.clear()
            self._decimals[decimals] = found % 1000
            self._seconds[second] = found - found % 1000
        return found


@functools.lru_cache(maxsize=1024)
def _decimals(written: str) -> int:
    """Return the milliseconds in what follows the whole seconds, such as `.250Z`; -1 if it has another form."""
    digits = written[1:-1]
    in_form = written == f".{digits}Z" and len(digits) == _DECIMAL_DIGITS and digits.isascii() and digits.isdecimal()
    return int(digits) if in_form else -1


@functools.lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    """Write whole seconds since 1970 without decimals and zone."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()


@functools.lru_cache(maxsize=64)
def _seconds(written: str) -> int:
    """Return the whole seconds since 1970 that `_second` would write so, something negative if there are none."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return -1
    # It reads more: week dates, other separators, and from Python 3.13 on a 24th hour, a second spelling of midnight.
    return (read - _EPOCH) // _ONE_SECOND if read.isoformat() == written else -1


def parse_argument(given: str, *, where: str) -> int:
    """Read a time that a person typed: the wire form, or the same without decimals; UTC and `Z` only."""
    if len(given) == _SHORT_LENGTH and given.endswith("Z"):
        given = f"{given[:-1]}.000Z"
    return parse(given, where=where)
