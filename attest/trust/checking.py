"""What a person should know about a trust file that is well formed all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from attest.codec import instant
from attest.trust.role import Role
from attest.trust.trust import DatedKey, Trust

SOON_MILLISECONDS: Final = 30 * 24 * 3600 * 1000
"""30 days: time enough to hand out a new trust file."""

NO_ROOT: Final = "certificate identities, and no Sigstore root to check a certificate with: --sigstore production"


class Weight(StrEnum):
    """How much a remark matters."""

    PROBLEM = "problem"
    """Something cannot be verified with this file, now."""
    NOTE = "note"
    """Something to know, or to mend in time."""


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One thing about a trust file: where in it, and what."""

    weight: Weight
    where: str
    text: str


def find_remarks(trust: Trust, at: int) -> tuple[Remark, ...]:
    """Return what is wrong or odd with a trust file at `at` (milliseconds since 1970), problems first."""
    remarks = [*_expiry(trust, at), *_roles(trust), *_windows(trust, at), *_builders(trust), *_verifiers(trust)]
    return tuple(sorted(remarks, key=lambda remark: remark.weight is not Weight.PROBLEM))


def _expiry(trust: Trust, at: int) -> Iterator[Remark]:
    if trust.document.expires is None:
        yield Remark(weight=Weight.NOTE, where="expires", text="never: an old copy of this file stays good for ever")
        return
    expires = instant.parse(trust.document.expires, where="expires")
    if expires <= at:
        yield Remark(weight=Weight.PROBLEM, where="expires", text=f"the file expired at {trust.document.expires}")
    elif expires - at <= SOON_MILLISECONDS:
        yield Remark(weight=Weight.NOTE, where="expires", text=f"the file expires soon, at {trust.document.expires}")


def _roles(trust: Trust) -> Iterator[Remark]:
    if not trust.keys[Role.SEALER]:
        yield Remark(weight=Weight.PROBLEM, where="sealers", text="none: no reference can be opened")
    if not trust.keys[Role.WRITER] and not trust.document.writer_identities:
        yield Remark(weight=Weight.PROBLEM, where="writers", text="none: no receipt counts")
    if trust.document.writer_identities and trust.document.sigstore is None:
        yield Remark(weight=Weight.PROBLEM, where="writer identities", text=NO_ROOT)
    if not trust.document.builders:
        yield Remark(weight=Weight.NOTE, where="builders", text="none: nothing is built or listed, at best locked")


def _windows(trust: Trust, at: int) -> Iterator[Remark]:
    for role, keys in trust.keys.items():
        for dated in keys:
            yield from _window(dated, f"{role} key {dated.key.keyid[:16]}", at)
        if keys and len(trust.ring(role, at).keys) < trust.ring(role).threshold:
            yield Remark(weight=Weight.PROBLEM, where=f"{role} keys", text="too few inside their validity now")


def _window(dated: DatedKey, where: str, at: int) -> Iterator[Remark]:
    if dated.not_before is not None and at < dated.not_before:
        text = f"does not count before {instant.text(dated.not_before)}"
        yield Remark(weight=Weight.NOTE, where=where, text=text)
    if dated.not_after is None:
        return
    if dated.not_after < at:
        text = f"does not count since {instant.text(dated.not_after)}"
        yield Remark(weight=Weight.NOTE, where=where, text=text)
    elif dated.not_after - at <= SOON_MILLISECONDS:
        text = f"counts only until {instant.text(dated.not_after)}"
        yield Remark(weight=Weight.NOTE, where=where, text=text)


def _builders(trust: Trust) -> Iterator[Remark]:
    for builder in trust.document.builders:
        where = f"builder {builder.id}"
        if not builder.sources:
            text = "no sources: what its provenance says about the source stays unproven"
            yield Remark(weight=Weight.NOTE, where=where, text=text)
        if builder.max_level == 0:
            yield Remark(weight=Weight.NOTE, where=where, text="level 0: its provenance meets no SLSA level")
        if builder.identities and trust.document.sigstore is None:
            yield Remark(weight=Weight.PROBLEM, where=where, text=NO_ROOT)


def _verifiers(trust: Trust) -> Iterator[Remark]:
    for row in trust.document.verifiers:
        if row.id is None:
            text = "no id: its verification summaries stay unproven (--verifier ID=PUB)"
            yield Remark(weight=Weight.NOTE, where=f"verifier key {row.keyid[:16]}", text=text)
