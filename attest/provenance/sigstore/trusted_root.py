"""A Sigstore trusted root: which certificate authorities, logs and time stamping authorities to believe, and when."""

import functools
from typing import Annotated, Any, Final, Literal

import msgspec

from attest.codec import instant
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError, UntrustedError
from attest.provenance.sigstore.wire import (
    FORM_CHECK,
    KEY_DETAILS,
    LogId,
    RawChain,
    Validity,
    Wire,
    octets,
    parse,
    window,
)
from attest.signing.certificates import Certificate
from attest.signing.foreign_keys import ForeignKey
from attest.signing.fulcio_chain import Authority
from attest.signing.rekor import RekorLog
from attest.signing.sct import CtLog
from attest.signing.timestamps import TimestampAuthority
from attest.signing.window import Window

ROOT_CHECK: Final = "authenticity.root"
MAX_ROOT_BYTES: Final = 1024 * 1024
"""The public-good root has 7 KiB."""


class WirePublicKey(Wire, kw_only=True):
    """A public key with its kind and its window."""

    raw_bytes: str
    key_details: str
    valid_for: Validity


class _Log(Wire, kw_only=True):
    base_url: str = ""
    hash_algorithm: Literal["SHA2_256"]
    public_key: WirePublicKey
    log_id: LogId
    checkpoint_key_id: LogId | None = None
    operator: str | None = None


class _Authority(Wire, kw_only=True):
    uri: str = ""
    cert_chain: RawChain
    valid_for: Validity
    subject: dict[str, Any] | None = None
    operator: str | None = None


_Some = msgspec.Meta(max_length=64)


class _TrustedRoot(Wire, kw_only=True):
    media_type: Literal[
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    ]
    tlogs: Annotated[tuple[_Log, ...], _Some] = ()
    certificate_authorities: Annotated[tuple[_Authority, ...], _Some] = ()
    ctlogs: Annotated[tuple[_Log, ...], _Some] = ()
    timestamp_authorities: Annotated[tuple[_Authority, ...], _Some] = ()


class TrustedRoot(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A trusted root, read from a file that the relying party chose.

    `digest` is the SHA-256 of the file; `dated` (milliseconds since 1970) the day on which it was known to be current,
    None if nobody said.
    """

    name: str
    digest: str
    dated: int | None
    wire: Any

    @functools.cached_property
    def logs(self) -> tuple[RekorLog, ...]:
        """The transparency logs."""
        return tuple([_rekor(entry, f"{self.name}: tlogs[{place}]") for place, entry in enumerate(self.wire.tlogs)])

    @functools.cached_property
    def ct_logs(self) -> tuple[CtLog, ...]:
        """The certificate transparency logs."""
        return tuple([_ct(entry, f"{self.name}: ctlogs[{place}]") for place, entry in enumerate(self.wire.ctlogs)])

    @functools.cached_property
    def authorities(self) -> tuple[Authority, ...]:
        """The certificate authorities."""
        return tuple(
            [
                Authority(name=entry.uri, certificates=_chain(entry, where), window=window(entry.valid_for, where))
                for entry, where in self._numbered("certificate_authorities")
            ]
        )

    @functools.cached_property
    def timestamp_authorities(self) -> tuple[TimestampAuthority, ...]:
        """The time stamping authorities."""
        return tuple(
            [
                TimestampAuthority(
                    name=entry.uri, certificates=_chain(entry, where), window=window(entry.valid_for, where)
                )
                for entry, where in self._numbered("timestamp_authorities")
            ]
        )

    def _numbered(self, field: str) -> list[tuple[_Authority, str]]:
        return [(entry, f"{self.name}: {field}[{place}]") for place, entry in enumerate(getattr(self.wire, field))]

    def age(self, at: int) -> int | None:
        """Return how many milliseconds before `at` this root was known to be current, None if nobody said."""
        return None if self.dated is None else max(0, at - self.dated)

    def check_age(self, at: int, max_age: int) -> None:
        """Refuse a root older than `max_age` (milliseconds) at the time `at`, and one of unknown age."""
        age = self.age(at)
        if age is None or age > max_age:
            found = "one of unknown age" if self.dated is None else f"one of {instant.text(self.dated)}"
            raise UntrustedError(
                self.name,
                f"a root known to be current within {max_age // 86_400_000} days",
                found,
                hint="attest trust refresh",
                check=ROOT_CHECK,
            )


def parse_trusted_root(document: bytes, *, where: str, dated: int | None = None) -> TrustedRoot:
    """Read a trusted root strictly: known media type and fields, readable keys, certificates and windows.

    Raises `MalformedError`. Whether to believe the file is for whoever names it to decide.
    """
    wire = parse(document, _TrustedRoot, where=where, max_bytes=MAX_ROOT_BYTES)
    root = TrustedRoot(name=where, digest=sha256_hex(document), dated=dated, wire=wire)
    # A root that is broken somewhere is refused now, and not in the middle of a verdict.
    if not all((root.logs, (root.authorities, root.ct_logs, root.timestamp_authorities))):
        raise MalformedError(where, "at least one transparency log", "none", check=FORM_CHECK)
    return root


def read_key(key: WirePublicKey, where: str) -> tuple[ForeignKey, Window]:
    """Return a key and its window; its kind has to be the one that it is said to have."""
    parsed = ForeignKey(octets(key.raw_bytes, where), where=where)
    if parsed.algorithm not in KEY_DETAILS.get(key.key_details, ()):
        raise MalformedError(where, f"a key of kind {key.key_details[:40]}", parsed.algorithm, check=FORM_CHECK)
    return parsed, window(key.valid_for, where)


def _rekor(entry: _Log, where: str) -> RekorLog:
    key, valid = read_key(entry.public_key, where)
    return RekorLog(name=entry.base_url, log_id=octets(entry.log_id.key_id, where), key=key, window=valid)


def _ct(entry: _Log, where: str) -> CtLog:
    key, valid = read_key(entry.public_key, where)
    return CtLog(log_id=octets(entry.log_id.key_id, where), key=key, window=valid)


def _chain(entry: _Authority, where: str) -> tuple[Certificate, ...]:
    return tuple([Certificate(octets(each.raw_bytes, where), where=where) for each in entry.cert_chain.certificates])
