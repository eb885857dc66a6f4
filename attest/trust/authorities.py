"""The time stamping authorities of a trust file, their certificates read: few files name one, and it takes time."""

from __future__ import annotations

from attest.codec import instant
from attest.codec.octets import from_base64
from attest.errors import MalformedError
from attest.signing.authorities import ordered
from attest.signing.certificates import Certificate
from attest.signing.timestamps import TimestampAuthority
from attest.signing.window import Window
from attest.trust.document import TrustedAuthority, TrustFile


def authorities_of(document: TrustFile, *, where: str = "trust file") -> tuple[TimestampAuthority, ...]:
    """Return the authorities; raise `MalformedError` for certificates that do not belong together, or a name twice."""
    names = [row.name for row in document.timestamp_authorities]
    if len(set(names)) != len(names):
        raise MalformedError(where, "each time stamping authority once", "one twice")
    return tuple(_authority(row, f"{where}: {row.name}") for row in document.timestamp_authorities)


def _authority(row: TrustedAuthority, where: str) -> TimestampAuthority:
    ders = [from_base64(each, where=f"{where}: certificates") for each in row.certificates]
    start = 0 if row.not_before is None else instant.parse(row.not_before, where=f"{where}: notBefore")
    end = None if row.not_after is None else instant.parse(row.not_after, where=f"{where}: notAfter")
    if end is not None and end <= start:
        raise MalformedError(f"{where}: notAfter", "a time after notBefore", f"{row.not_after}")
    return TimestampAuthority(
        name=row.name,
        certificates=ordered([Certificate(der, where=where) for der in ders], where=where),
        window=Window(start=start, end=end),
    )
