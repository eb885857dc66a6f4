"""Open any container of one statement: find out what it is, and verify it as that.

What verifies certificates is imported when the first one comes: an evidence bundle without any starts without it.
"""

from __future__ import annotations

from attest.errors import MalformedError, UntrustedError
from attest.provenance.containers.envelope import open_bare
from attest.provenance.containers.opened import Opened
from attest.provenance.containers.shape import Shape, has_certificates, shape_of
from attest.provenance.model import Expectations
from attest.trust.trust import Trust


def open_container(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> Opened:
    """Verify the signature of a container and return what was signed; raise `UntrustedError` or `MalformedError`."""
    shape = shape_of(octets)
    if shape in {Shape.SIGSTORE_BUNDLE, Shape.PYPI_ATTESTATION}:
        from attest.provenance.containers.sigstore import open_bundle

        return open_bundle(octets, trust, expectations, where, pypi=shape is Shape.PYPI_ATTESTATION)
    if shape not in {Shape.DSSE, None}:
        raise MalformedError(where, "a container of one statement", f"{shape}")
    if not has_certificates(octets):
        return open_bare(octets, trust, expectations, where)
    return _open_either(octets, trust, expectations, where)


def _open_either(octets: bytes, trust: Trust, expectations: Expectations, where: str) -> Opened:
    """Open an envelope that has certificates: a key that is known says more than they can."""
    try:
        return open_bare(octets, trust, expectations, where)
    except UntrustedError:
        from attest.provenance.containers.sigstore import open_untimed

        return open_untimed(octets, trust, expectations, where)
