"""What a comparison of two RuntimeReferences found, as records: that of `attest diff --format json`."""

from enum import StrEnum

import msgspec

from attest.seal.tools.comparing import DefinitionChange, ValueChange
from attest.statement.manifest import Entry, Root
from attest.statement.predicates.runtime_reference import RuntimeReference


class How(StrEnum):
    """What became of a package or a file."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    UPDATED = "updated"
    """Of a package: another version."""
    REBUILT = "rebuilt"
    """Of a package: the same version, and another archive; nobody should do that."""
    BETTER_KNOWN = "better-known"
    """The same archive or file, of which more is proven now."""
    LESS_KNOWN = "less-known"
    """The same archive or file, of which less is proven now."""
    RENEWED = "renewed"
    """Of build evidence: another document, by which the same is known as before."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two references, with its manifest."""

    digest: str
    reference: RuntimeReference
    artifacts: tuple[str, ...]
    """The manifest header's: the SHA-256 of the archives that its entries count."""
    roots: tuple[Root, ...]
    entries: tuple[Entry, ...]


class PackageChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A package that is not what it was; versions and origins are None on the side where it is not there."""

    name: str
    how: How
    files: int
    """How many of its files were added, removed or changed."""
    old_version: str | None = None
    new_version: str | None = None
    old_origin: str | None = None
    new_origin: str | None = None


class FileChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A file that is not what it was; `package` is the one that explains it, None if none does."""

    path: str
    how: How
    old: str | None = None
    new: str | None = None
    package: str | None = None


class EvidenceChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Build evidence that was not there before, or is not any more: how many documents say so much."""

    how: How
    said: str
    """What it is, and who says what by it."""
    documents: int


class TermChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What else of the reference reads otherwise now; lists show what was taken out and put in."""

    name: str
    old: str | None = None
    new: str | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that changed."""

    packages: tuple[PackageChange, ...]
    files: tuple[FileChange, ...]
    terms: tuple[TermChange, ...]
    definitions: tuple[DefinitionChange, ...] = ()
    """Tools that are described otherwise."""
    rules: tuple[ValueChange, ...] = ()
    """What callers may do now and might not, or the other way round."""
    evidence: tuple[EvidenceChange, ...] = ()
    assurance: tuple[TermChange, ...] = ()
    """How many files and bytes are known how well."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed, but perhaps when it was sealed."""
        return not any(getattr(self, name) for name in self.__struct_fields__)

    @property
    def unexplained(self) -> tuple[FileChange, ...]:
        """The files that changed although no package did that they are of."""
        return tuple(change for change in self.files if change.package is None)
