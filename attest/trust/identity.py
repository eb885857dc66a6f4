"""Whether a signing certificate is for an expected identity.

A Fulcio certificate of a workflow has the subject alternative name `WORKFLOW@REF`. An expected identity is compared
with it whole. It may leave out `@REF`: then a reusable workflow, which lives in another repository than what it builds,
counts at a release tag alone (`refs/tags/vX.Y.Z`), because branches and moving tags are whatever their owner makes of
them tomorrow; a repository's own workflow counts at any branch or tag, but never at a pull request.
"""

import re
from typing import Final

import msgspec

from attest.errors import MalformedError

ISSUER_SIGN: Final = "@https://"
"""An issuer starts at the last one of these; CLI.md."""

RELEASE_TAG: Final = r"refs/tags/v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
_REFERENCE: Final = r"refs/(?:heads|tags)/[^\s]+"


class Workflow(msgspec.Struct, frozen=True):
    """A subject alternative name, cut at its last `@`; without a reference behind one, `reference` is empty."""

    path: str
    reference: str


def split_workflow(identity: str) -> Workflow:
    """Cut `PATH@refs/...` in two; anything else has no reference."""
    path, sign, reference = identity.rpartition("@")
    return Workflow(path, reference) if sign and reference.startswith("refs/") else Workflow(identity, "")


def matches_identity(expected: str, found: str, *, source: str | None) -> bool:
    """Return whether a certificate for `found` is one for `expected`; `source` is the repository that it names."""
    if found == expected:
        return True
    wanted, given = split_workflow(expected), split_workflow(found)
    if wanted.reference or wanted.path != given.path or not re.fullmatch(_REFERENCE, given.reference):
        return False
    return is_release(given.reference) or (source is not None and given.path.startswith(f"{source}/"))


def identities_overlap(one: str, other: str) -> bool:
    """Return whether one certificate could be for both of two expected identities."""
    if one == other:
        return True
    first, second = split_workflow(one), split_workflow(other)
    return first.path == second.path and not (first.reference and second.reference)


def is_release(reference: str) -> bool:
    """Return whether a git reference is a full release tag, `refs/tags/vX.Y.Z`."""
    return re.fullmatch(RELEASE_TAG, reference) is not None


def split_identity(text: str) -> tuple[str, str]:
    """Split `ID@ISSUER` from the right: ISSUER starts at the last `@https://` (CLI.md)."""
    identity, sign, issuer = text.rpartition(ISSUER_SIGN)
    if not sign or not identity or not issuer:
        raise MalformedError("identity", "ID@ISSUER, with an issuer that begins with https://", repr(text[:160]))
    return identity, f"https://{issuer}"
