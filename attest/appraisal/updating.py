"""A tree in the middle of an update: partly as one reference seals it, partly as another that is valid, too.

Installers replace file by file, so that whoever looks meanwhile finds a set that nobody sealed. It is no match. But
where every file is one that was sealed, it need not be an attack either, and for a while that is what is said of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from attest.appraisal.choosing import ON_DISK, UNUSABLE
from attest.appraisal.state import STATE_OF, make_finding, make_findings
from attest.codec.printable import printable
from attest.statement.findings import Finding, FindingKind, Findings, State
from attest.statement.manifest import Entry
from attest.statement.observation import Key, Observation

_MOVED: Final = frozenset({FindingKind.EXTRA, FindingKind.UNDERIVED})
"""What is found of a file of known content that lies where neither reference has it: pip and npm move the old ones
aside, and byte code stays a little longer than its source."""


@dataclass(frozen=True, kw_only=True)
class Lying:
    """What was found in the roots of a server, by where findings say it is: content as `contents_of` spells it."""

    contents: Mapping[str, str]

    @classmethod
    def of(cls, observation: Observation) -> Lying:
        """Spell what was observed. Of two names that are spelled alike, as hostile ones can be, neither is known."""
        contents: dict[str, str] = {}
        for key, seen in observation.files.items():
            where = _where(key)
            contents[where] = "" if where in contents else _spelled(seen.sha256, seen.target)
        return cls(contents=contents)


def contents_of(observation: Observation) -> frozenset[str]:
    """Return every content that was found, wherever it lay."""
    return frozenset(_spelled(seen.sha256, seen.target) for seen in observation.files.values()) - {""}


def is_mixture(
    found: Findings, other: Findings, lying: Lying, sealed: Mapping[Key, Entry], known: frozenset[str]
) -> bool:
    """Return whether each file is as one of two references seals it, is gone, or was moved aside.

    `found` is by the first of them, when what is `lying` there was seen; `other` by the second, which has `sealed` its
    entries. `known` are the contents that the first one matched with before.
    """
    if any(not _is_whole(each) for each in (found, other)):
        return False
    theirs = {_where(key): _spelled(entry.sha256, entry.target) for key, entry in sealed.items()}
    elsewhere = {each.where for each in other.findings if each.kind in ON_DISK}
    wrong = [each for each in found.findings if each.kind in ON_DISK]
    contents = known | frozenset(theirs.values()) - {""}
    return bool(wrong and elsewhere) and all(
        each.where not in elsewhere or _is_explained(each, lying.contents, theirs, contents) for each in wrong
    )


def as_updating(findings: Findings, *, one: str, other: str) -> Findings:
    """Return what is found of a server in the middle of an update; what was found of the process stays."""
    count = sum(each.kind in ON_DISK for each in findings.findings)
    updating = make_finding(
        FindingKind.UPDATING,
        "reference",
        expected=f"files as of {one}, or as of {other}",
        found=f"of both, {count} not as of the first: an update seems to be under way",
    )
    return make_findings([updating, *(each for each in findings.findings if each.kind not in ON_DISK)])


def _is_whole(findings: Findings) -> bool:
    return findings.total == len(findings.findings) and not any(each.kind in UNUSABLE for each in findings.findings)


def _is_explained(
    finding: Finding, lying: Mapping[str, str], theirs: Mapping[str, str], contents: frozenset[str]
) -> bool:
    if finding.kind is FindingKind.MISSING or STATE_OF[finding.kind] is State.UNKNOWN:
        return True
    there = lying.get(finding.where, "")
    if finding.kind is FindingKind.CHANGED:
        # The second look may have come to it when it was gone again.
        return there != "" and there == theirs.get(finding.where)
    return finding.kind in _MOVED and there in contents


def _where(key: Key) -> str:
    return printable(f"{key[0]}/{key[1]}")


def _spelled(sha256: str | None, target: str | None) -> str:
    if target is not None:
        return f"link to {target}"
    return sha256 or ""
