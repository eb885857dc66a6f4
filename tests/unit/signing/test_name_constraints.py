"""Name constraints: what an authority may vouch for, by every kind of name that can be judged (RFC 5280, 4.2.1.10)."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from attest.signing.certificates import Certificate
from attest.signing.name_constraints import permitted
from tests import sigstore_world as world

DNS, HOST, MAIL = x509.DNSName, x509.UniformResourceIdentifier, x509.RFC822Name
OTHER = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), world.utf8("alice!corp"))


def may(
    name: x509.GeneralName, *, allowed: tuple[x509.GeneralName, ...], excluded: tuple[x509.GeneralName, ...]
) -> bool:
    constraints = x509.NameConstraints(list(allowed) or None, list(excluded) or None)
    authority = world.authority("root", world.ROOT_KEY, extensions=((constraints, True),))
    leaf = Certificate(world.issue(world.Leaf(names=(name,))), where="leaf")
    return permitted(leaf, Certificate(authority.public_bytes(Encoding.DER), where="authority"))


@pytest.mark.parametrize(
    ("tree", "inside", "outside"),
    [
        (DNS("example.org"), (DNS("example.org"), DNS("a.Example.org")), (DNS("evil.example"), DNS("notexample.org"))),
        (DNS(""), (DNS("evil.example"),), ()),
        (HOST("example.org"), (HOST("https://example.org/x"),), (HOST("https://a.example.org/x"),)),
        (HOST(".example.org"), (HOST("https://a.example.org/"),), (HOST("https://example.org/"), HOST("https://[/"))),
        (MAIL("example.org"), (MAIL("a@example.org"),), (MAIL("a@b.example.org"),)),
        (MAIL("a@Example.org"), (MAIL("a@example.org"),), (MAIL("b@example.org"),)),
    ],
)
def test_a_name_is_in_a_subtree_or_it_is_not(
    tree: x509.GeneralName, inside: tuple[x509.GeneralName, ...], outside: tuple[x509.GeneralName, ...]
) -> None:
    for name in inside:
        assert may(name, allowed=(tree,), excluded=())
        assert not may(name, allowed=(), excluded=(tree,))
    for name in outside:
        assert not may(name, allowed=(tree,), excluded=())
        assert not may(name, allowed=(tree,), excluded=(tree,))


def test_names_of_a_kind_that_is_not_constrained_are_free_and_what_cannot_be_judged_is_refused() -> None:
    assert may(OTHER, allowed=(DNS("example.org"),), excluded=(MAIL("example.org"),))
    assert not may(OTHER, allowed=(), excluded=(OTHER,))
    assert may(DNS("a.example"), allowed=(DNS("b.example"), DNS("a.example")), excluded=())
    assert not may(DNS("a.example"), allowed=(DNS("a.example"),), excluded=(DNS("a.example"),))
