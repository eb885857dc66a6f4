"""The keys of a layout: those whom its owner lets do the steps. The algorithm comes from the key that he signed for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from attest.codec import strict
from attest.errors import MalformedError, UntrustedError
from attest.provenance.layouts.metadata import FORM
from attest.signing.foreign_keys import ForeignKey, parse_foreign_key

_ED25519: Final = "ed25519"
_ED25519_HEAD: Final = bytes.fromhex("302a300506032b6570032100")
"""RFC 8410: what stands before the 32 bytes of the key in its SubjectPublicKeyInfo."""

_ECDSA: Final = {"ecdsa-sha2-nistp256": "ecdsa-p256", "ecdsa-sha2-nistp384": "ecdsa-p384"}
"""The scheme in securesystemslib, and what the key has to be; old layouts have it for `keytype`, too."""

_RSA: Final = frozenset(
    f"{padding}-sha{bits}" for padding in ("rsassa-pss", "rsa-pkcs1v15") for bits in ("256", "384", "512")
)
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_KEYID: Final = re.compile(r"[0-9a-f]{8,128}")


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    public: str
    private: str = ""


class _Key(msgspec.Struct, frozen=True, kw_only=True):
    keyid: str
    keytype: str
    scheme: str
    keyval: _Value


def read_functionaries(keys: Mapping[str, Mapping[str, Any]], *, where: str) -> dict[str, ForeignKey]:
    """Return the keys by in-toto's key id.

    Raises `UntrustedError` for keys of GPG and of kinds that are not accepted, and for one key under two ids, which
    would count twice for a threshold; `MalformedError` for their form.
    """
    found = {keyid: _read(keyid, key, f"{where}: keys.{keyid[:16]}") for keyid, key in keys.items()}
    if len({key.keyid for key in found.values()}) != len(found):
        raise UntrustedError(f"{where}: keys", "each key once", "one key under two ids", check=FORM)
    return found


def _read(keyid: str, written: Mapping[str, Any], where: str) -> ForeignKey:
    if "method" in written or "hashes" in written or "subkeys" in written:
        raise _unaccepted(where, "a GPG key")
    try:
        return _parse(keyid, strict.convert(dict(written), _Key, where=where), where)
    except MalformedError as error:
        raise MalformedError(error.where, error.expected, error.found[:120], check=FORM) from error


def _parse(keyid: str, key: _Key, where: str) -> ForeignKey:
    if key.keyid != keyid or not _KEYID.fullmatch(keyid):
        raise MalformedError(f"{where}: keyid", "the key id that it stands under, in hexadecimal", ascii(key.keyid))
    if key.keyval.private:
        raise MalformedError(f"{where}: keyval", "a public key alone", "a private one")
    if (key.keytype, key.scheme) == (_ED25519, _ED25519):
        if not _HEX.fullmatch(key.keyval.public):
            raise MalformedError(f"{where}: keyval", "64 lower-case hexadecimal digits", "something else")
        return ForeignKey(_ED25519_HEAD + bytes.fromhex(key.keyval.public), where=where)
    is_ecdsa = key.scheme in _ECDSA and key.keytype in {"ecdsa", key.scheme}
    if not is_ecdsa and not (key.keytype == "rsa" and key.scheme in _RSA):
        raise _unaccepted(where, f"{key.keytype}, {key.scheme}"[:120])
    found = parse_foreign_key(key.keyval.public.encode("utf-8"), where=where)
    if found.algorithm != _ECDSA[key.scheme] if is_ecdsa else not found.algorithm.startswith("rsa"):
        raise MalformedError(where, f"a key of the scheme {key.scheme}", found.algorithm)
    return found


def _unaccepted(where: str, found: str) -> UntrustedError:
    return UntrustedError(
        where,
        "an Ed25519, ECDSA (P-256, P-384) or RSA key",
        found,
        hint="let the functionary sign with such a key, and name that in the layout",
        check=FORM,
    )
