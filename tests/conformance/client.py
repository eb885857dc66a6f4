"""A client for the sigstore-conformance suite (its CLI protocol, `verify-bundle`): exit code 0 if the bundle holds.

    python tests/conformance/client.py verify-bundle --bundle FILE --certificate-identity ID
        --certificate-oidc-issuer URL [--staging] [--trusted-root FILE] [--key FILE] FILE_OR_DIGEST

Signing is not offered: this program verifies. `--staging` needs `--trusted-root`, for only the public-good root ships.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path

from attest.codec import strict
from attest.errors import AttestError, UntrustedError
from attest.provenance.sigstore.production import SigstoreTrust, load_production
from attest.provenance.sigstore.publisher_keys import PublisherKey
from attest.provenance.sigstore.trusted_root import parse_trusted_root
from attest.provenance.sigstore.verified import CertificateSigner, SignedDigest, VerifiedBundle
from attest.provenance.sigstore.verify import verify_bundle
from attest.signing.foreign_keys import parse_foreign_key
from attest.statement.digests import DigestSet, from_foreign

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


def main(argv: list[str]) -> int:
    """Verify; say on stderr why not."""
    arguments = _arguments().parse_args(argv)
    try:
        verified = verify_bundle(arguments.bundle.read_bytes(), _trust(arguments), where=str(arguments.bundle))
        _check_signer(verified, arguments)
        _check_artifact(verified, arguments.artifact)
    except AttestError as error:
        print(f"{error.check}: {error}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="client")
    verify = parser.add_subparsers(required=True).add_parser("verify-bundle")
    verify.add_argument("--staging", action="store_true")
    verify.add_argument("--bundle", type=Path, required=True)
    verify.add_argument("--certificate-identity")
    verify.add_argument("--certificate-oidc-issuer")
    verify.add_argument("--trusted-root", type=Path)
    verify.add_argument("--key", type=Path)
    verify.add_argument("artifact")
    return parser


def _trust(arguments: argparse.Namespace) -> SigstoreTrust:
    if arguments.trusted_root is not None:
        root = parse_trusted_root(arguments.trusted_root.read_bytes(), where=str(arguments.trusted_root))
    elif arguments.staging:
        raise UntrustedError("--staging", "the staging root, as --trusted-root", "none")
    else:
        root = load_production().root
    if arguments.key is None:
        return SigstoreTrust(root=root)
    key = parse_foreign_key(arguments.key.read_bytes(), where=str(arguments.key))
    return SigstoreTrust(root=root, keys=(PublisherKey(key=key),))


def _check_signer(verified: VerifiedBundle, arguments: argparse.Namespace) -> None:
    signer = verified.signer
    if arguments.key is not None:
        if isinstance(signer, CertificateSigner):
            raise UntrustedError("signer", "the key", "a certificate")
        return
    wanted = (arguments.certificate_identity, arguments.certificate_oidc_issuer)
    if not isinstance(signer, CertificateSigner):
        raise UntrustedError("signer", "a certificate", "a key")
    found = (signer.identity.name, signer.identity.issuer)
    if wanted != found:
        raise UntrustedError("signer", f"{wanted}", f"{found}", check="authenticity.identity")


def _check_artifact(verified: VerifiedBundle, artifact: str) -> None:
    digests = _digests(artifact)
    content = verified.content
    if isinstance(content, SignedDigest):
        if getattr(digests, content.algorithm) != content.value:
            raise UntrustedError("artifact", content.value, "another")
        return
    subjects = strict.parse(content.payload, where="statement").get("subject", [])
    found = [from_foreign(subject.get("digest", {}), where="subject") for subject in subjects]
    if not any(each is not None and each.matches(digests) for each in found):
        raise UntrustedError("artifact", "a subject of the statement", "none", check="build-link.subject")


def _digests(artifact: str) -> DigestSet:
    match = _DIGEST.fullmatch(artifact)
    if match is not None and not Path(artifact).exists():
        return DigestSet(sha256=match[1])
    octets = Path(artifact).read_bytes()
    return DigestSet(
        sha256=hashlib.sha256(octets).hexdigest(),
        sha384=hashlib.sha384(octets).hexdigest(),
        sha512=hashlib.sha512(octets).hexdigest(),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
