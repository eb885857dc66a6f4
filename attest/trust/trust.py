"""The trust file with its meaning checked: key rings by role, builders, minima. Whoever decides takes a `Trust`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import msgspec

from attest.codec import instant, strict
from attest.codec.files import read_file
from attest.codec.octets import from_base64, sha256_hex
from attest.errors import MalformedError, UntrustedError
from attest.signing.keyring import KeyRing
from attest.signing.keys import PublicKey, public_from_spki
from attest.trust.document import (
    MAX_TRUST_BYTES,
    TRUST_SCHEMA,
    Minima,
    ParameterValues,
    SealRules,
    TrustedIdentity,
    TrustedKey,
    TrustFile,
)
from attest.trust.identity import identities_overlap
from attest.trust.role import Role


class DatedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key and its window, both ends inclusive, in milliseconds since 1970; None is open."""

    key: PublicKey
    not_before: int | None = None
    not_after: int | None = None

    def counts_at(self, at: int) -> bool:
        """Return whether `at` lies in the window."""
        return (self.not_before is None or self.not_before <= at) and (self.not_after is None or at <= self.not_after)


class Builder(msgspec.Struct, frozen=True, kw_only=True):
    """A build platform as far as it is believed; a key in its ring speaks for this `id` and for no other."""

    id: str
    ring: KeyRing
    identities: tuple[TrustedIdentity, ...] = ()
    max_level: int
    sources: tuple[str, ...]
    external_parameters: ParameterValues | None = None


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """A trust file that was checked: `digest` is the SHA-256 of its exact bytes, `document` its form.

    Without `at`, rings and builders hold every key, whatever its window: pass the time that the judgement is about, or
    narrow the whole once with `as_of`. Whether the file itself has expired: `check_current`.
    """

    document: TrustFile
    digest: str
    keys: Mapping[Role, tuple[DatedKey, ...]]
    builder_keys: Mapping[str, tuple[DatedKey, ...]]
    at: int | None = None
    """The time that it was narrowed to; None: not narrowed."""

    @property
    def minima(self) -> Minima:
        """The least that is enough."""
        return self.document.minima

    @property
    def seal_rules(self) -> SealRules:
        """What evidence and disk have to answer to one another."""
        return self.document.seal_rules

    @property
    def builders(self) -> tuple[Builder, ...]:
        """The builders, in the file's order; one whose keys are all outside their windows has an empty ring."""
        return tuple(
            Builder(
                id=row.id,
                ring=self._ring(Role.BUILDER, self.builder_keys[row.id]),
                identities=row.identities,
                max_level=row.max_level,
                sources=row.sources,
                external_parameters=row.external_parameters,
            )
            for row in self.document.builders
        )

    def ring(self, role: Role, at: int | None = None) -> KeyRing:
        """Return the keys of a role (of builders: of all together) that count at `at`; the ring may be empty."""
        return self._ring(role, self.keys[role] if at is None else _counting(self.keys[role], at))

    def as_of(self, at: int) -> Self:
        """Return the same trust with only the keys that count at `at` (milliseconds since 1970)."""
        return msgspec.structs.replace(
            self,
            keys={role: _counting(keys, at) for role, keys in self.keys.items()},
            builder_keys={name: _counting(keys, at) for name, keys in self.builder_keys.items()},
            at=at,
        )

    def _ring(self, role: Role, keys: tuple[DatedKey, ...]) -> KeyRing:
        threshold: int = getattr(self.document.thresholds, role.value)
        return KeyRing(role=role.value, keys=tuple(dated.key for dated in keys), threshold=threshold)


def load_trust(path: Path) -> Trust:
    """Read a trust file; raise `UnavailableError` if it cannot be read, `MalformedError` if it is not one."""
    octets = read_file(path, max_bytes=MAX_TRUST_BYTES)
    try:
        return parse_trust(octets, where=str(path))
    except MalformedError as error:
        if TRUST_SCHEMA.rpartition("/")[0].encode() in octets:
            raise
        # The wrong file: what is wrong with it as a trust file would tell nobody anything.
        raise MalformedError(str(path), "a trust file, as attest trust new writes it", "another document") from error


def parse_trust(octets: bytes, where: str) -> Trust:
    """Read the bytes of a trust file and check what they mean; raise `MalformedError`.

    Refused beside every fault of form: a key twice, be it in two roles or two builders; a key whose id, algorithm or
    bytes disagree; a window that ends before it begins; a builder id twice; a threshold that a role's keys never reach;
    a certificate identity twice, be it as builder and as writer; certificates of a time stamping authority that do not
    belong together.
    """
    document = strict.read_edited(octets, TrustFile, where=where, max_bytes=MAX_TRUST_BYTES)
    if document.expires is not None:
        instant.parse(document.expires, where=f"{where}: expires")
    keys = {role: tuple(_read_key(key, at) for key, at in _rows(document, role, where)) for role in Role}
    builder_keys = {
        builder.id: tuple(_read_key(key, f"{where}: builder {builder.id}") for key in builder.keys)
        for builder in document.builders
    }
    trust = Trust(document=document, digest=sha256_hex(octets), keys=keys, builder_keys=builder_keys)
    _check_one_role_a_key(keys, where)
    _check_identities(document, where)
    _check_thresholds(trust, where)
    if document.timestamp_authorities:
        # Its own import: certificates take longer to read than all the rest.
        from attest.trust.authorities import authorities_of

        authorities_of(document, where=where)
    return trust


def check_current(trust: Trust, at: int) -> None:
    """Raise `UntrustedError` if the trust file has expired at `at` (milliseconds since 1970)."""
    expires = trust.document.expires
    if expires is not None and instant.parse(expires, where="expires") <= at:
        raise UntrustedError(
            "trust file",
            f"a file that is current at {instant.text(at)}",
            f"one that expired at {expires}",
            hint="get a newer trust file from whoever decides whom to trust",
        )


def _counting(keys: tuple[DatedKey, ...], at: int) -> tuple[DatedKey, ...]:
    return tuple(dated for dated in keys if dated.counts_at(at))


def _rows(document: TrustFile, role: Role, where: str) -> Iterator[tuple[TrustedKey, str]]:
    flat = {
        Role.SEALER: document.sealers,
        Role.WRITER: document.writers,
        Role.BUILDER: tuple(key for builder in document.builders for key in builder.keys),
        Role.VERIFIER: document.verifiers,
        Role.WITNESS: document.witnesses,
    }
    for number, key in enumerate(flat[role], 1):
        yield key, f"{where}: {role} key {number}"


def _read_key(row: TrustedKey, where: str) -> DatedKey:
    key = public_from_spki(from_base64(row.public_key, where=f"{where}: publicKey"), where=f"{where}: publicKey")
    if row.keyid != key.keyid:
        raise MalformedError(f"{where}: keyid", f"the SHA-256 of the key, {key.keyid}", row.keyid)
    if row.algorithm != key.algorithm.name:
        raise MalformedError(f"{where}: algorithm", f"the key's own, {key.algorithm.name}", row.algorithm[:80])
    start = None if row.not_before is None else instant.parse(row.not_before, where=f"{where}: notBefore")
    end = None if row.not_after is None else instant.parse(row.not_after, where=f"{where}: notAfter")
    if start is not None and end is not None and end <= start:
        raise MalformedError(f"{where}: notAfter", f"a time after notBefore, {row.not_before}", f"{row.not_after}")
    return DatedKey(key=key, not_before=start, not_after=end)


def _check_one_role_a_key(keys: Mapping[Role, tuple[DatedKey, ...]], where: str) -> None:
    seen: dict[str, Role] = {}
    for role, dated_keys in keys.items():
        for dated in dated_keys:
            if dated.key.keyid in seen:
                found = f"{dated.key.keyid} as {seen[dated.key.keyid]} and again as {role}"
                raise MalformedError(where, "each key once, in one role", found)
            seen[dated.key.keyid] = role


def _check_identities(document: TrustFile, where: str) -> None:
    rows = [identity for builder in document.builders for identity in builder.identities]
    writers = document.writer_identities
    if len(set(rows)) != len(rows) or len(set(writers)) != len(writers):
        raise MalformedError(where, "each certificate identity once, for one builder", "one twice")
    for each in writers:
        # As a key has one role: a job that runs what was built must not be able to say what was built.
        if any(row.issuer == each.issuer and identities_overlap(row.identity, each.identity) for row in rows):
            found = f"{each.identity} as builder and again as writer"
            hint = "let the server run in a workflow of its own, which a reusable one is"
            raise MalformedError(where, "each certificate identity in one role", found, hint=hint)
    for role, identities in ((Role.BUILDER, rows), (Role.WRITER, writers)):
        threshold: int = getattr(document.thresholds, role.value)
        if identities and threshold > 1:
            # A Sigstore bundle has one signature by one certificate: nobody could ever reach the threshold.
            found = f"{threshold}, and {role}s with certificate identities"
            raise MalformedError(f"{where}: thresholds.{role}", "1", found)
    if len({row.id for row in document.build_types}) != len(document.build_types):
        raise MalformedError(where, "each build type once", "one twice")
    if document.sigstore is not None and document.sigstore.updated_at is not None:
        instant.parse(document.sigstore.updated_at, where=f"{where}: sigstore.updatedAt")


def _check_thresholds(trust: Trust, where: str) -> None:
    if len(trust.builder_keys) != len(trust.document.builders):
        raise MalformedError(where, "each builder id once", "one twice")
    rings = [trust.ring(role) for role in Role if role is not Role.BUILDER and trust.keys[role]]
    for ring in [*rings, *(builder.ring for builder in trust.builders if builder.ring.keys)]:
        if len(ring.keys) < ring.threshold:
            found = f"{len(ring.keys)}"
            raise MalformedError(f"{where}: thresholds", f"at least {ring.threshold} {ring.role} keys", found)
    least = trust.document.thresholds.verifier
    for name, count in Counter(row.id for row in trust.document.verifiers).items():
        if count < least or (name is None and least > 1):
            found = f"{count} of {name}" if name else "one without an id"
            raise MalformedError(f"{where}: thresholds", f"at least {least} keys of each verifier", found)
