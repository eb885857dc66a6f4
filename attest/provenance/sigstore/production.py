"""What `--sigstore production` means: the public-good root with npm's publish keys, as they ship with this package."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

import msgspec

from attest.codec import instant, strict
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError
from attest.provenance.sigstore.publisher_keys import PublisherKey, parse_npm_keys
from attest.provenance.sigstore.trusted_root import TrustedRoot, parse_trusted_root

ROOTS: Final = Path(__file__).parent / "roots"
MANIFEST: Final = "MANIFEST.json"
_ROOT: Final = "public-good.json"
_NPM_KEYS: Final = "npm-keys.json"


class ShippedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a shipped file of trust comes from, the day on which it was known to be current, and its digest."""

    what: str
    source: str
    dated: str
    sha256: str


class SigstoreTrust(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to believe about Sigstore bundles: one trusted root, and keys that sign without a certificate."""

    root: TrustedRoot
    keys: tuple[PublisherKey, ...] = ()


def read_manifest() -> dict[str, ShippedFile]:
    """Return what is said about each shipped file of trust."""
    document = (ROOTS / MANIFEST).read_bytes()
    return strict.convert(strict.parse(document, where=MANIFEST), dict[str, ShippedFile], where=MANIFEST)


@functools.cache
def load_production() -> SigstoreTrust:
    """Return the public-good root and npm's keys; raise `MalformedError` if a file is not the one that was shipped."""
    manifest = read_manifest()
    root = parse_trusted_root(
        _read(_ROOT, manifest), where="public-good root", dated=instant.parse(manifest[_ROOT].dated)
    )
    return SigstoreTrust(root=root, keys=parse_npm_keys(_read(_NPM_KEYS, manifest), where="npm keys"))


def _read(name: str, manifest: dict[str, ShippedFile]) -> bytes:
    document = (ROOTS / name).read_bytes()
    if sha256_hex(document) != manifest[name].sha256:
        raise MalformedError(name, f"sha256:{manifest[name].sha256}", "another file", hint="reinstall mcp-attest")
    return document
