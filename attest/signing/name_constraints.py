"""Name constraints (RFC 5280, 4.2.1.10): which names an authority may issue certificates for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from attest.signing.certificates import SUBJECT_ALTERNATIVE_NAME, Certificate

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

NAME_CONSTRAINTS: Final = "2.5.29.30"


def permitted(leaf: Certificate, authority: Certificate) -> bool:
    """Return whether the constraints of `authority` allow every name of `leaf`.

    Judged are addresses, URIs and DNS names. A constraint of another kind, on a leaf that has a name of that kind,
    refuses: it cannot be judged. Of directory names Fulcio's leaves have none; one that has any is refused where those
    are constrained.
    """
    _, constraints = authority.extensions.get(NAME_CONSTRAINTS, (False, None))
    if constraints is None:
        return True
    _, names = leaf.extensions.get(SUBJECT_ALTERNATIVE_NAME, (False, ()))
    allowed, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    if not all(_name_permitted(name, allowed, excluded) for name in names):
        return False
    return not leaf.x509.subject.rdns or not any(_is_directory(tree) for tree in (*allowed, *excluded))


def _name_permitted(name: GeneralName, allowed: Iterable[GeneralName], excluded: Iterable[GeneralName]) -> bool:
    allowed = [tree for tree in allowed if type(tree) is type(name)]
    excluded = [tree for tree in excluded if type(tree) is type(name)]
    if not allowed and not excluded:
        return True
    host, mailbox = _parts(name)
    if host is None:
        return False
    if any(_within(host, mailbox, tree) for tree in excluded):
        return False
    return not allowed or any(_within(host, mailbox, tree) for tree in allowed)


def _parts(name: GeneralName) -> tuple[str | None, str | None]:
    """Return (host, mailbox) of a name that can be judged, (None, None) of another."""
    from cryptography.x509 import DNSName, RFC822Name, UniformResourceIdentifier

    if isinstance(name, RFC822Name):
        local, at, host = name.value.rpartition("@")
        return (host.lower(), local) if at else (None, None)
    if isinstance(name, UniformResourceIdentifier):
        try:
            return urlsplit(name.value).hostname, None
        except ValueError:
            return None, None
    if isinstance(name, DNSName):
        return name.value.lower(), None
    return None, None


def _within(host: str, mailbox: str | None, tree: GeneralName) -> bool:
    """Return whether a name lies in a subtree: `.example.org` holds hosts below it, `example.org` the host itself.

    A DNS name `example.org` holds what is below it, too; an address may name a single mailbox.
    """
    from cryptography.x509 import DNSName

    base = str(tree.value).lower()
    if "@" in base:
        local, _, base = str(tree.value).rpartition("@")
        return mailbox == local and host == base.lower()
    if base.startswith("."):
        return host.endswith(base)
    return host == base or (isinstance(tree, DNSName) and (not base or host.endswith(f".{base}")))


def _is_directory(name: GeneralName) -> bool:
    from cryptography.x509 import DirectoryName

    return isinstance(name, DirectoryName)
