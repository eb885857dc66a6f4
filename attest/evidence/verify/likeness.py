"""Measurements like one that was read in full: the same in everything but a nonce, a place, times and an age.

The receipts of a run differ in eight values, and to read all the rest anew takes longer than to judge it. So the first
is read in full; of others, whose lines are of the same mould (`entries`), these values are all that is left to read.

Why both readings accept the same: whatever is not in a hole was accepted already, byte for byte; the records ask each
of the eight only for its own form, never two fields together; and that form is asked for here as well. Such a form can
be written in one way only, so that what fits is in RFC 8785 form, too. A property test compares the two readings.
"""

from __future__ import annotations

from typing import Final, Self, final

from attest.codec.instant import Instants
from attest.codec.records import MAX_SAFE_INTEGER
from attest.evidence.verify.told import Cycle, Lasting, Told, read_told
from attest.signing.dsse import Envelope
from attest.signing.keyring import Verified, VerifyingKey
from attest.statement.predicates import runtime_measurement, short_name

Pieces = tuple[object, tuple[bytes, ...]]
"""A mould, which stands for all that its envelopes have alike, and what stands in the holes of a payload of it."""

_MEASUREMENT: Final = short_name(runtime_measurement.PREDICATE_TYPE)

_MAX_KNOWN: Final = 32
"""Moulds that are remembered: those of a few servers, and bounded memory whatever stands in a file."""

_TEXTS: Final = tuple(b'"%b":"' % name for name in (b"finishedAt", b"startedAt", b"nonce", b"previous", b"realTime"))
_NUMBERS: Final = (b'"oldestHashAgeMilliseconds":', b'"bootTimeMilliseconds":', b'"sequence":')
"""After what the values stand: inside a JSON string quotation marks are escaped, so that only names of fields match."""

_MOST_DIGITS: Final = 16
"""Of a number below 2**53."""

_LEAST: Final = (0, 0, *(10**digits for digits in range(1, _MOST_DIGITS)))
"""By how many digits it has, the least number that needs so many: a lesser one was written with a zero before it."""

_HEXADECIMAL: Final = b"0123456789abcdef"


@final
class ReceiptReader:
    """Reads the receipts of one log; as `read_told`, but quicker where they are like earlier ones."""

    def __init__(self) -> None:
        """Begin without any earlier one."""
        self._known: dict[object, Likeness] = {}
        """By mould."""

    def read(self, envelope: Envelope, payload: Verified[bytes], pieces: Pieces | None, event: str, where: str) -> Told:
        """Read a receipt; see `read_told`. `pieces` came with this very envelope, and `payload` out of it."""
        if pieces is None or event != _MEASUREMENT:
            return read_told(envelope, payload, event, where)
        mould, values = pieces
        known = self._known.get(mould)
        if known is not None and (like := known.read(values, payload.signers, where)) is not None:
            return like
        told = read_told(envelope, payload, event, where)
        if known is None and (likeness := Likeness.of(values, told)) is not None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[mould] = likeness
        return told


@final
class Likeness:
    """A measurement that was read in full, and how to read others like it."""

    __slots__ = ("_instants", "_lasting")

    def __init__(self, lasting: Lasting) -> None:
        """Take what the full reader made of all that is in no hole."""
        self._lasting = lasting
        self._instants = Instants()

    @classmethod
    def of(cls, values: tuple[bytes, ...], told: Told) -> Self | None:
        """Return the likeness of a measurement, None for a window, or if it would not give back that very one."""
        if not told.lasting.is_measurement or told.lasting.window is not None:
            return None
        made = cls(told.lasting)
        return made if made.read(values, told.signers, told.where) == told else None

    def read(self, values: tuple[bytes, ...], signers: tuple[VerifyingKey, ...], where: str) -> Told | None:
        """Read what stands in the holes of a measurement that differs in nothing else; None if a value has no form."""
        try:
            age, finished, started, boot, nonce, previous, real, sequence = values
            if (nonce + previous).translate(None, _HEXADECIMAL):
                return None
            # Digits alone: Python reads signs, spaces and underscores, too.
            if not (age + boot + sequence).isdigit():
                return None
            boot_time, place = int(boot), int(sequence)
            if not (
                _LEAST[len(boot)] <= boot_time <= MAX_SAFE_INTEGER
                and _LEAST[len(sequence)] <= place <= MAX_SAFE_INTEGER
                and _LEAST[len(age)] <= int(age) <= MAX_SAFE_INTEGER
            ):
                return None
            read = self._instants.read
            time, begun, ended = read(real), read(started), read(finished)
            if time < 0 or begun < 0 or ended < 0:
                return None
            return Told(
                where=where,
                signers=signers,
                lasting=self._lasting,
                sequence=place,
                previous=previous.decode(),
                real_time=real.decode(),
                time=time,
                boot_time=boot_time,
                cycle=Cycle(begun, ended),
            )
        except (ValueError, IndexError):
            # No number, one of too many digits, or not in ASCII: the full reader says what is wrong.
            return None


def holes_of(octets: bytes) -> list[tuple[int, int]]:
    """Return where the values stand in which the measurements of a run differ, if `octets` is one."""
    spans = []
    for name in (*_TEXTS, *_NUMBERS):
        before, found, after = octets.partition(name)
        if found:
            value = after.partition(b'"')[0] if name in _TEXTS else _digits(after[:_MOST_DIGITS])
            begin = len(before) + len(found)
            spans.append((begin, begin + len(value)))
    return sorted(spans)


def _digits(octets: bytes) -> bytes:
    return octets[: len(octets) - len(octets.lstrip(b"0123456789"))]
