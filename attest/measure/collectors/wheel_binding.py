"""From the members of a wheel to the files that pip and uv make of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Final

from attest.measure.binding import Archive, Bound, BoundFile, Member, Mismatch
from attest.measure.holding import hold_file
from attest.measure.places import PREFIX_ROOT, Site, locate, sites_of
from attest.measure.promised_rows import rows_digest
from attest.statement.observation import Key, Observation, Observed

_NO_ROW: Final = {"RECORD", "RECORD.jws", "RECORD.p7s"}


def outside_wheel(archive: Archive, observation: Observation) -> tuple[str, ...]:
    """Return absolute paths outside all roots at which an installer may have put files.

    Told from the wheel alone; the installed RECORD is not asked. `site_at` tells their prefix.
    """
    outside: set[str] = set()
    for site in sites_of(archive.label, observation):
        outside.update(target for _, target in _targets(archive, site))
        outside.update(f"{site.prefix}/bin/{name}" for name in archive.generated)
    return tuple(sorted(path for path in outside if locate(observation.places, path) is None))


def bind_wheel(archive: Archive, observation: Observation) -> Bound:
    """Hold each member against the file at its installed place, at every place it is installed."""
    return bind_wheels((archive,), observation)[0]


def bind_wheels(archives: Sequence[Archive], observation: Observation) -> tuple[Bound, ...]:
    """Hold each wheel against every place that it was installed into.

    A place says by its `.dist-info` which version it has. Of several wheels of this version it has that one which fits
    as a whole; where none does, each is held against it, and differs.
    """
    alike: dict[str, list[Archive]] = {}
    for archive in archives:
        alike.setdefault(archive.label, []).append(archive)
    return tuple(
        _bind(
            archive,
            [
                site
                for site in sites_of(archive.label, observation)
                if _is_here(archive, site, alike[archive.label], observation)
            ],
            observation,
        )
        for archive in archives
    )


def _is_here(archive: Archive, site: Site, alike: Sequence[Archive], observation: Observation) -> bool:
    if len(alike) == 1 or _fits(archive, site, observation):
        return True
    return not any(_fits(other, site, observation) for other in alike)


def _fits(archive: Archive, site: Site, observation: Observation) -> bool:
    bound = _bind(archive, [site], observation)
    return not bound.mismatches and all(root == PREFIX_ROOT for root, _ in bound.missing)


def _bind(archive: Archive, sites: Sequence[Site], observation: Observation) -> Bound:
    files: dict[Key, BoundFile] = {}
    mismatches: list[Mismatch] = []
    missing: list[Key] = []
    promised: dict[Key, tuple[str, ...]] = {}
    for site in sites:
        rows: dict[Key, tuple[str, int]] = {}
        for member, target in _targets(archive, site, observation):
            key = locate(observation.places, target) or _unseen(site, target)
            seen = observation.files.get(key)
            promise = _promise(archive, member)
            if promise is not None:
                promised[key] = (*_owner(archive, site, observation), promise)
            elif member.path != _record(archive):
                _hold(member, key, seen, files, mismatches)
                if os.path.basename(member.path) not in _NO_ROW:
                    rows[key] = (member.sha256, member.size)
            if seen is None:
                missing.append(key)
        record = locate(observation.places, f"{site.directory}/{_record(archive)}")
        if record is not None:
            promised[record] = (f"rows={rows_digest(rows)}",)
    return Bound(
        archive=archive,
        found=bool(sites),
        files=files,
        mismatches=tuple(mismatches),
        missing=tuple(missing),
        promised=promised,
    )


def _record(archive: Archive) -> str:
    return f"{archive.label}/RECORD"


def _owner(archive: Archive, site: Site, observation: Observation) -> tuple[str, ...]:
    """The installed METADATA, by whose origin a file counts that is derived from the archive itself."""
    key = locate(observation.places, f"{site.directory}/{archive.label}/METADATA")
    return () if key is None else ("/".join(key),)


def _unseen(site: Site, target: str) -> Key:
    return PREFIX_ROOT, os.path.relpath(target, site.prefix)


def _promise(archive: Archive, member: Member) -> str | None:
    """What the installed form of a script must show, where it is not the member itself."""
    if member.body_sha256 is not None:
        return f"body={member.body_sha256}"
    # Without the executable bit in the wheel, pip leaves a script as it is and uv makes it a program.
    if member.path.startswith(f"{_data(archive)}/scripts/") and not member.executable:
        return f"content={member.sha256}"
    return None


def _hold(
    member: Member,
    key: Key,
    seen: Observed | None,
    files: dict[Key, BoundFile],
    mismatches: list[Mismatch],
) -> None:
    if seen is None:
        return
    held = hold_file(member, key, seen)
    if isinstance(held, Mismatch):
        mismatches.append(held)
    else:
        files[key] = held


def _data(archive: Archive) -> str:
    return f"{archive.label.removesuffix('.dist-info')}.data"


def _targets(archive: Archive, site: Site, observation: Observation | None = None) -> Iterator[tuple[Member, str]]:
    start = f"{_data(archive)}/"
    for member in archive.members:
        if not member.path.startswith(start):
            yield member, f"{site.directory}/{member.path}"
            continue
        scheme, _, rest = member.path.removeprefix(start).partition("/")
        for folder in _folders(scheme, archive, site):
            target = f"{folder}/{rest}"
            if observation is None or _is_there(target, observation):
                yield member, target
                break
        else:
            yield member, f"{_folders(scheme, archive, site)[0]}/{rest}"


def _is_there(target: str, observation: Observation) -> bool:
    key = locate(observation.places, target)
    return key is not None and key in observation.files


def _folders(scheme: str, archive: Archive, site: Site) -> tuple[str, ...]:
    if scheme == "headers" and site.python is not None:
        names = (normalised(archive.name), archive.label.split("-")[0], archive.name)
        return tuple(f"{site.prefix}/include/site/{site.python}/{name}" for name in names)
    folders = {
        "purelib": site.directory,
        "platlib": site.directory,
        "scripts": f"{site.prefix}/bin",
        "headers": f"{site.prefix}/include",
        "data": site.prefix,
    }
    return (folders[scheme],)


def normalised(name: str) -> str:
    """Return a project name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
