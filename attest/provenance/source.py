"""What a format of build evidence has to be able to do: a row in `attest.provenance.sources`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from attest.provenance.model import Expectations, VerifiedEvidence
from attest.trust.trust import Trust


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A format: its name, how it is recognised, how it is verified.

    `recognises` never raises and decides nothing but which row reads the bytes. `read` takes (bytes, trust,
    expectations, where) and raises `MalformedError` or `UntrustedError`; what it returns has passed every check.
    """

    name: str
    recognises: Callable[[bytes], bool]
    read: Callable[[bytes, Trust, Expectations, str], VerifiedEvidence]
