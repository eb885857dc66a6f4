"""A signing certificate as Fulcio issues it: what it may be used for, and whom it names.

Fulcio puts the identity into the subject alternative name, and what the identity provider said about it into
extensions below 1.3.6.1.4.1.57264.1 (Fulcio, "Sigstore OID information"). Nothing here is believed before
`attest.signing.fulcio_chain` has found who issued the certificate.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from attest.errors import MalformedError, UntrustedError
from attest.signing.certificates import BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_ALTERNATIVE_NAME, Certificate

CERTIFICATE_CHECK: Final = "authenticity.certificate"

_ARC: Final = "1.3.6.1.4.1.57264.1."
_OTHER_NAME: Final = f"{_ARC}7"
"""The type of a user name that is neither a URI nor an address."""
_FIRST_DER: Final = 8
"""Extensions 1 to 6 hold the text as it is, those from 8 on as a DER UTF8String."""
_EXTENDED_KEY_USAGE: Final = "2.5.29.37"
_CODE_SIGNING: Final = "1.3.6.1.5.5.7.3.3"
_UNDERSTOOD: Final = frozenset({BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_ALTERNATIVE_NAME, _EXTENDED_KEY_USAGE})
"""Critical extensions that are judged here; any other critical one has to be refused (RFC 5280, 4.2)."""


class NameKind(StrEnum):
    """What form the name of a signer has."""

    URI = "uri"
    EMAIL = "email"
    OTHER = "other-name"


class FulcioIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a Fulcio certificate names, and what its issuer said about the workload; None where it says nothing.

    `name` is the subject alternative name, `issuer` the OpenID provider; the other fields carry Fulcio's own names.
    """

    name: str
    name_kind: NameKind
    issuer: str | None = None
    build_signer_uri: str | None = None
    build_signer_digest: str | None = None
    runner_environment: str | None = None
    source_repository_uri: str | None = None
    source_repository_digest: str | None = None
    source_repository_ref: str | None = None
    source_repository_identifier: str | None = None
    source_repository_owner_uri: str | None = None
    source_repository_owner_identifier: str | None = None
    build_config_uri: str | None = None
    build_config_digest: str | None = None
    build_trigger: str | None = None
    run_invocation_uri: str | None = None
    source_repository_visibility: str | None = None
    deployment_environment: str | None = None
    github_workflow_trigger: str | None = None
    github_workflow_sha: str | None = None
    github_workflow_name: str | None = None
    github_workflow_repository: str | None = None
    github_workflow_ref: str | None = None


_FIELDS: Final = {
    2: "github_workflow_trigger",
    3: "github_workflow_sha",
    4: "github_workflow_name",
    5: "github_workflow_repository",
    6: "github_workflow_ref",
    8: "issuer",
    9: "build_signer_uri",
    10: "build_signer_digest",
    11: "runner_environment",
    12: "source_repository_uri",
    13: "source_repository_digest",
    14: "source_repository_ref",
    15: "source_repository_identifier",
    16: "source_repository_owner_uri",
    17: "source_repository_owner_identifier",
    18: "build_config_uri",
    19: "build_config_digest",
    20: "build_trigger",
    21: "run_invocation_uri",
    22: "source_repository_visibility",
    23: "deployment_environment",
}
"""Fulcio's extensions by the last number of their identifier; 1, the old form of 8, is read apart."""

_TWICE: Final = (
    ("github_workflow_trigger", "build_trigger"),
    ("github_workflow_sha", "source_repository_digest"),
    ("github_workflow_ref", "source_repository_ref"),
)
"""Said by an old and by a new extension: two readers must not read two answers."""


def check_usage(leaf: Certificate) -> None:
    """Refuse a certificate that was not issued for signing code: a CA, another usage, an unknown critical extension."""
    extensions = leaf.extensions
    unknown = [oid for oid, (critical, _) in extensions.items() if critical and oid not in _UNDERSTOOD]
    if unknown:
        raise _unfit(leaf, "no critical extension that is unknown here", unknown[0])
    _, constraints = extensions.get(BASIC_CONSTRAINTS, (False, None))
    if constraints is not None and constraints.ca:
        raise _unfit(leaf, "a certificate that is no authority", "an authority")
    _, usage = extensions.get(KEY_USAGE, (False, None))
    if usage is None or not usage.digital_signature or usage.key_cert_sign:
        raise _unfit(leaf, "key usage digitalSignature", "another, or none")
    _, purposes = extensions.get(_EXTENDED_KEY_USAGE, (False, ()))
    if _CODE_SIGNING not in [purpose.dotted_string for purpose in purposes]:
        raise _unfit(leaf, "extended key usage codeSigning", "another, or none")


def read_identity(leaf: Certificate) -> FulcioIdentity:
    """Return whom a certificate names.

    Raises `MalformedError` for extensions that disagree, of which two readers could take different ones, and
    `UntrustedError` for anything but one name. Not checked: who issued it, and that anybody expects this identity.
    """
    said: dict[str, str] = {}
    for oid, (_, value) in leaf.extensions.items():
        if oid.startswith(_ARC):
            _note(said, oid, value, leaf.where)
    for old, new in _TWICE:
        if old in said and new in said and said[old] != said[new]:
            raise MalformedError(leaf.where, f"{old} and {new} that agree", f"{said[old]} and {said[new]}")
    _check_repository(said, leaf.where)
    kind, name = _name(leaf)
    return FulcioIdentity(name=name, name_kind=kind, **said)


def _note(said: dict[str, str], oid: str, value: Any, where: str) -> None:  # noqa: ANN401  (cryptography's extension)
    number = int(oid.removeprefix(_ARC)) if oid.removeprefix(_ARC).isdigit() else 0
    field = "issuer" if number == 1 else _FIELDS.get(number)
    if field is None:
        return
    text = _text(value.value, number, f"{where}: extension {oid}")
    if said.setdefault(field, text) != text:
        raise MalformedError(where, f"one {field}", f"{said[field]} and {text}")


def _check_repository(said: dict[str, str], where: str) -> None:
    old, new = said.get("github_workflow_repository"), said.get("source_repository_uri")
    if old is not None and new is not None and not new.endswith(f"/{old}"):
        raise MalformedError(where, "github_workflow_repository and source_repository_uri that agree", f"{old}, {new}")


def _text(octets: bytes, number: int, where: str) -> str:
    try:
        return (_utf8_string(octets) if number >= _FIRST_DER else octets).decode("utf-8")
    except ValueError as error:
        raise MalformedError(where, "text in UTF-8", "something else") from error


_UTF8_STRING: Final = 0x0C
_LONG_FORM: Final = 0x80


def _utf8_string(der: bytes) -> bytes:
    """Return the content of one DER UTF8String and nothing after it (X.690, 8.1.3 and 10.1)."""
    if len(der) > 1 and der[0] == _UTF8_STRING:
        size, start = der[1], 2
        if size & _LONG_FORM:
            start += size & 0x7F
            size = int.from_bytes(der[2:start])
            minimal = size >= _LONG_FORM and der[2] != 0
        else:
            minimal = True
        if minimal and len(der) == start + size:
            return der[start:]
    msg = "not one DER UTF8String"
    raise ValueError(msg)


def _name(leaf: Certificate) -> tuple[NameKind, str]:
    from cryptography.x509 import OtherName, RFC822Name, UniformResourceIdentifier

    _, names = leaf.extensions.get(SUBJECT_ALTERNATIVE_NAME, (False, ()))
    found = list(names)
    if len(found) == 1:
        name = found[0]
        if isinstance(name, UniformResourceIdentifier):
            return NameKind.URI, name.value
        if isinstance(name, RFC822Name):
            return NameKind.EMAIL, name.value
        if isinstance(name, OtherName) and name.type_id.dotted_string == _OTHER_NAME:
            return NameKind.OTHER, _text(name.value, _FIRST_DER, f"{leaf.where}: subject alternative name")
    expected = "one subject alternative name: a URI, an email address or a Fulcio user name"
    raise _unfit(leaf, expected, f"{len(found)} of them" if len(found) != 1 else "another kind")


def _unfit(leaf: Certificate, expected: str, found: str) -> UntrustedError:
    return UntrustedError(leaf.where, expected, found, check=CERTIFICATE_CHECK)
