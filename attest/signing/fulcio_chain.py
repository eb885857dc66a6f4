"""Who issued a signing certificate: a path of X.509 certificates that ends in an authority of the trusted root.

RFC 5280, section 6, cut down to what Fulcio issues: no policies, no revocation (its certificates live for minutes).
"""

from __future__ import annotations

import functools
from itertools import pairwise

import msgspec

from attest.codec import instant
from attest.errors import UntrustedError
from attest.signing.certificates import BASIC_CONSTRAINTS, Certificate
from attest.signing.fulcio import CERTIFICATE_CHECK, check_usage
from attest.signing.name_constraints import NAME_CONSTRAINTS, permitted
from attest.signing.window import Window

_UNDERSTOOD = frozenset({BASIC_CONSTRAINTS, NAME_CONSTRAINTS, "2.5.29.15", "2.5.29.37"})
"""Critical extensions of an authority that are judged, or (extended key usage) that only narrow what it issues."""


class Authority(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A certificate authority of a trusted root: its certificates, the root's own last, and when to believe it."""

    name: str
    certificates: tuple[Certificate, ...]
    window: Window

    @functools.cached_property
    def links(self) -> tuple[bool, ...]:
        """Whether each certificate but the last was issued by the next; found out once, for it costs a millisecond."""
        return tuple([above.issued(below) for below, above in pairwise(self.certificates)])


def find_issuer(leaf: Certificate, authorities: tuple[Authority, ...], times: tuple[int, ...]) -> Certificate:
    """Return the certificate that issued `leaf`, at the end of a path that held at each of `times`.

    Every certificate of an authority may be the direct issuer: some leaves of 2022 come from the root's own key. Each
    certificate of the path has to be valid at each time, and so does the authority itself (`window`). Certificates
    that came with the evidence are no part of this. Raises `UntrustedError`.
    """
    check_usage(leaf)
    for at in times:
        if not leaf.validity.covers(at):
            raise UntrustedError(
                leaf.where,
                f"a certificate that was valid at {instant.text(at)}",
                f"one valid from {leaf.validity}",
                check=CERTIFICATE_CHECK,
            )
    faults = []
    for authority in authorities:
        for place, issuer in enumerate(authority.certificates):
            if issuer.issued(leaf):
                fault = _fault(leaf, authority, place, times)
                if fault is None:
                    return issuer
                faults.append(fault)
    found = "; ".join(faults) or "another issuer"
    raise UntrustedError(leaf.where, "a certificate authority of the trusted root", found, check=CERTIFICATE_CHECK)


def _fault(leaf: Certificate, authority: Authority, place: int, times: tuple[int, ...]) -> str | None:
    """Return what is wrong with the path from `leaf` over the certificate at `place` upwards, None if it holds."""
    path = authority.certificates[place:]
    for at in times:
        if not authority.window.covers(at) or not all(each.validity.covers(at) for each in path):
            return f"{authority.name}, not valid at {instant.text(at)}"
    if not all(authority.links[place:]):
        return f"{authority.name}, whose certificates are no chain"
    for below, certificate in enumerate(path):
        if not certificate.is_authority or not _length_allows(certificate, below):
            return f"{authority.name}, whose certificate {place + below} may not issue this"
        if any(critical and oid not in _UNDERSTOOD for oid, (critical, _) in certificate.extensions.items()):
            return f"{authority.name}, whose certificate {place + below} has an unknown critical extension"
        if not permitted(leaf, certificate):
            return f"{authority.name}, which may not issue for this name"
    return None


def _length_allows(certificate: Certificate, below: int) -> bool:
    _, constraints = certificate.extensions[BASIC_CONSTRAINTS]
    return constraints.path_length is None or below <= constraints.path_length
