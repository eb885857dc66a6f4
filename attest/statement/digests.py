"""DigestSet, in-toto's way of naming immutable content, narrowed to the algorithms that this project accepts."""

from typing import Annotated, Any, Final, Self

import msgspec

from attest.codec import strict
from attest.codec.records import Record, Sha256Hex, Sha384Hex, Sha512Hex
from attest.errors import MalformedError

GitCommitHex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$(?!\n)")]

ALGORITHMS: Final = ("sha256", "sha384", "sha512", "gitCommit")
"""The accepted algorithms, as in-toto names them; md5, sha1 and ids that are no hashes never identify anything here."""


class DigestSet(Record, kw_only=True):
    """Digests of one and the same content, lower-case hexadecimal, at least one of the accepted algorithms."""

    sha256: Sha256Hex | None = None
    sha384: Sha384Hex | None = None
    sha512: Sha512Hex | None = None
    git_commit: GitCommitHex | None = None

    def __post_init__(self) -> None:
        """Refuse an empty set."""
        if not (self.sha256 or self.sha384 or self.sha512 or self.git_commit):
            raise MalformedError("digest", f"at least one of {', '.join(ALGORITHMS)}", "none")

    def items(self) -> tuple[tuple[str, str], ...]:
        """Return (algorithm, hexadecimal) pairs, strongest first by our order of names."""
        pairs = (
            ("sha256", self.sha256),
            ("sha384", self.sha384),
            ("sha512", self.sha512),
            ("gitCommit", self.git_commit),
        )
        return tuple((name, digest) for name, digest in pairs if digest is not None)

    def matches(self, other: Self) -> bool:
        """Return whether the sets share an algorithm and agree in every one they share.

        Stricter than the specification, for which one agreeing algorithm is enough: a set that agrees in one and
        disagrees in another names two contents at once.
        """
        ours = dict(self.items())
        shared = [(ours[name], digest) for name, digest in other.items() if name in ours]
        return bool(shared) and all(left == right for left, right in shared)


class Subject(Record, kw_only=True):
    """What a statement is about; the name proves nothing, the digest identifies (in-toto ResourceDescriptor)."""

    digest: DigestSet
    name: str | None = None


def from_foreign(digests: dict[str, Any], *, where: str) -> DigestSet | None:
    """Pick the accepted algorithms out of a foreign DigestSet; None if there is none of them.

    Hexadecimal digits in upper case are read as lower case; a digest of the wrong form is a `MalformedError`.
    """
    accepted = {name: value for name, value in digests.items() if name in ALGORITHMS}
    if not accepted:
        return None
    lower = {name: value.lower() if isinstance(value, str) else value for name, value in accepted.items()}
    return strict.convert(lower, DigestSet, where=where)
