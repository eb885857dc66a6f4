"""What changed from one RuntimeReference to the next: by package first, then by file, tools, and what is demanded.

Values in, values out. Nothing is verified here: whoever decides opens both references against the trust file before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from attest.seal.tools.comparing import DefinitionChange, ValueChange, compare_definitions, compare_rules
from attest.statement.levels import ORIGIN_RANK
from attest.statement.manifest import Entry, Root
from attest.statement.observation import Key
from attest.statement.predicates.runtime_reference import Artifact, RuntimeReference

_NOT_TERMS: Final = frozenset(
    {"sealedAt", "server", "subjectIdentifier", "manifest", "assurance", "evidence", "artifacts", "places", "tools"}
)
"""What is compared in another way, or follows from it, or holds on one machine only."""
_ORDERED: Final = frozenset({"process.argv", "process.parameters"})
"""Lists that mean something as a whole."""

_VARIABLE: Final = {"name", "value"}

_RANK: Final = {origin.value: rank for origin, rank in ORIGIN_RANK.items()}


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
    """Of a package: the same archive, of which more is proven now."""
    LESS_KNOWN = "less-known"
    """Of a package: the same archive, of which less is proven now."""


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


class TermChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A demand or statement of the reference that reads otherwise now; lists show what was taken out and put in."""

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

    @property
    def unexplained(self) -> tuple[FileChange, ...]:
        """The files that changed although no package did that they are of."""
        return tuple(change for change in self.files if change.package is None)


class _Package(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str | None
    sha256: str
    origin: str


def compare(old: Side, new: Side) -> Difference:
    """Return what changed from `old` to `new`."""
    before, after = _packages(old.reference.artifacts), _packages(new.reference.artifacts)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    moved = {name for name in changed if _archives(before.get(name)) != _archives(after.get(name))}
    files = tuple(_files(_named(old), _named(new), moved))
    counts: dict[str, int] = dict.fromkeys(changed, 0)
    for change in files:
        if change.package is not None:
            counts[change.package] += 1
    packages = tuple(
        _package(name, before.get(name, ()), after.get(name, ()), counts[name]) for name in sorted(changed)
    )
    return Difference(
        packages=packages,
        files=files,
        terms=tuple(_terms(old.reference, new.reference)),
        definitions=compare_definitions(old.reference.tools, new.reference.tools),
        rules=compare_rules(old.reference.tools, new.reference.tools),
    )


def package_of(artifact: Artifact) -> tuple[str, str | None]:
    """Return name and version of the package that an archive is of: from its purl, else the file name alone."""
    if artifact.purl is None:
        return artifact.name, None
    path = artifact.purl.partition("?")[0].partition("#")[0]
    name, at, version = path.rpartition("@")
    return (name, version) if at and "/" in name and "/" not in version else (path, None)


def _packages(artifacts: Sequence[Artifact]) -> dict[str, tuple[_Package, ...]]:
    found: dict[str, list[_Package]] = {}
    for artifact in artifacts:
        name, version = package_of(artifact)
        sha256 = artifact.digest.sha256 or artifact.digest.items()[0][1]
        found.setdefault(name, []).append(_Package(name=name, version=version, sha256=sha256, origin=artifact.origin))
    return {name: tuple(sorted(each, key=lambda item: item.sha256)) for name, each in found.items()}


def _archives(packages: tuple[_Package, ...] | None) -> frozenset[str]:
    return frozenset(item.sha256 for item in packages or ())


def _package(name: str, old: tuple[_Package, ...], new: tuple[_Package, ...], files: int) -> PackageChange:
    return PackageChange(
        name=name,
        how=_how(old, new),
        files=files,
        old_version=_joined(item.version for item in old),
        new_version=_joined(item.version for item in new),
        old_origin=_joined(item.origin for item in old),
        new_origin=_joined(item.origin for item in new),
    )


def _how(old: tuple[_Package, ...], new: tuple[_Package, ...]) -> How:
    if not old or not new:
        return How.REMOVED if old else How.ADDED
    if _archives(old) == _archives(new):
        return How.LESS_KNOWN if _least(new) < _least(old) else How.BETTER_KNOWN
    same = {item.version for item in old} == {item.version for item in new}
    return How.REBUILT if same else How.UPDATED


def _least(packages: tuple[_Package, ...]) -> tuple[int, ...]:
    return tuple(_RANK.get(item.origin, 0) for item in packages)


def _joined(texts: Iterator[str | None]) -> str | None:
    return ", ".join(sorted({text for text in texts if text is not None})) or None


def _named(side: Side) -> dict[Key, tuple[Entry, str | None]]:
    names = {
        digest: package_of(artifact)[0]
        for artifact in side.reference.artifacts
        if (digest := artifact.digest.sha256) is not None
    }
    return {
        (entry.root, entry.path): (
            entry,
            None if entry.artifact is None else names.get(side.artifacts[entry.artifact]),
        )
        for entry in side.entries
    }


def _files(
    old: Mapping[Key, tuple[Entry, str | None]], new: Mapping[Key, tuple[Entry, str | None]], moved: set[str]
) -> Iterator[FileChange]:
    for key in sorted(old.keys() | new.keys()):
        before, old_package = old.get(key, (None, None))
        after, new_package = new.get(key, (None, None))
        was, now = _content(before), _content(after)
        if was == now:
            continue
        package = next((name for name in (new_package, old_package) if name in moved), None)
        how = How.ADDED if before is None else How.REMOVED if after is None else How.CHANGED
        yield FileChange(path="/".join(key), how=how, old=was, new=now, package=package)


def _content(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    if entry.rule is not None:
        return f"by rule {entry.rule}"
    if entry.target is not None:
        return f"-> {entry.target}"
    return f"sha256:{entry.sha256}{' executable' if entry.executable else ''}"


def _terms(old: RuntimeReference, new: RuntimeReference) -> Iterator[TermChange]:
    before, after = dict(_flat(msgspec.to_builtins(old))), dict(_flat(msgspec.to_builtins(new)))
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if name.partition(".")[0] in _NOT_TERMS or was == now:
            continue
        if isinstance(was, tuple) and isinstance(now, tuple) and name not in _ORDERED:
            yield from (TermChange(name=name, old=_item(each)) for each in was if each not in now)
            yield from (TermChange(name=name, new=_item(each)) for each in now if each not in was)
        else:
            yield TermChange(name=name, old=_said(was), new=_said(now))


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  (a JSON value)
    if not isinstance(value, dict):
        yield name, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{name}.{key}" if name else key)


def _said(value: Any) -> str | None:  # noqa: ANN401  (a JSON value)
    if value is None:
        return None
    return " ".join(map(_item, value)) or "nothing" if isinstance(value, tuple) else str(value)


def _item(value: Any) -> str:  # noqa: ANN401  (a JSON value)
    """A variable with its value is one word."""
    return f"{value['name']}={value['value']}" if isinstance(value, dict) and value.keys() == _VARIABLE else str(value)
