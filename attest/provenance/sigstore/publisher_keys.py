"""Keys that sign bundles without a certificate: npm's, and those that a caller names."""

from typing import Annotated, Final

import msgspec

from attest.errors import MalformedError
from attest.provenance.sigstore.trusted_root import WirePublicKey, read_key
from attest.provenance.sigstore.wire import FORM_CHECK, Wire, parse
from attest.signing.foreign_keys import ForeignKey
from attest.signing.window import Window

NPM_ATTESTATIONS: Final = "npm:attestations"
"""The usage for which npm publishes the keys of its attestations; the same keys recur with others."""

MAX_KEYS_BYTES: Final = 256 * 1024


class PublisherKey(msgspec.Struct, frozen=True, kw_only=True):
    """A trusted key. `hint` is the name by which bundles call it, `window` when it may be believed.

    None for `hint`: whatever the bundle says, for the caller named this key; None for `window`: at any time.
    """

    key: ForeignKey
    hint: str | None = None
    window: Window | None = None


class _Entry(Wire, kw_only=True):
    key_id: str
    key_usage: str
    public_key: WirePublicKey


class _Keys(Wire, kw_only=True):
    keys: Annotated[tuple[_Entry, ...], msgspec.Meta(max_length=256)]


def parse_npm_keys(document: bytes, *, where: str) -> tuple[PublisherKey, ...]:
    """Read npm's published keys; only those for attestations are taken, each in its window."""
    parsed = parse(document, _Keys, where=where, max_bytes=MAX_KEYS_BYTES)
    keys = []
    for entry in parsed.keys:
        if entry.key_usage == NPM_ATTESTATIONS:
            key, window = read_key(entry.public_key, where)
            keys.append(PublisherKey(key=key, hint=entry.key_id, window=window))
    if not keys:
        raise MalformedError(where, f"at least one key of usage {NPM_ATTESTATIONS}", "none", check=FORM_CHECK)
    return tuple(keys)
