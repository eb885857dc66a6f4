"""A tree in the middle of an update: partly as one reference seals it, partly as another that is valid, too.

Installers replace file by file, so that whoever looks meanwhile finds a set that nobody sealed. It is no match. But
where every file is one that was sealed, it need not be an attack either, and for a while that is what is said of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attest.appraisal.choosing import ON_DISK, UNUSABLE
from attest.appraisal.state import STATE_OF, make_finding, make_findings
from attest.codec.printable import printable
from attest.statement.findings import Finding, FindingKind, Findings
from attest.statement.manifest import Entry
from attest.statement.observation import Key, Observation
from attest.statement.states import State

_MOVED: Final = frozenset({FindingKind.EXTRA, FindingKind.UNDERIVED})
"""What is found of a file of known content that lies where neither reference has it: pip and npm move the old ones
aside, and byte code stays a little longer than its source."""


def contents_of(observation: Observation) -> frozenset[str]:
    """Return every content that was found, wherever it lay."""
    return frozenset(_spelled(seen.sha256, seen.target) for seen in observation.files.values()) - {""}


def is_mixture(
    found: Sequence[Finding],
    other: Sequence[Finding],
    observation: Observation,
    entries: Mapping[Key, Entry],
    roots: frozenset[str],
    known: frozenset[str],
) -> bool:
    """Return whether each file of one look is as one of two references seals it, is gone, or was moved aside.

    Or all are as the second one has it, so that the update ended while others were looking.

    `found` is what was found of it by the first, `other` by the second, which has these `entries`; both seal everything
    in `roots`. `known` are the contents that the first one matched with before.
    """
    if any(each.kind in UNUSABLE for each in (*found, *other)):
        return False
    lying = _lying(observation)
    theirs = {_where(key): _spelled(entry.sha256, entry.target) for key, entry in entries.items()}
    contents = known | frozenset(theirs.values()) - {""}
    # What the second one seals there, and what it could not tell in this moment, the next look tells.
    untold = {each.where for each in other if STATE_OF[each.kind] is State.UNKNOWN and each.where in theirs}
    elsewhere = {each.where for each in other if each.kind in ON_DISK} - untold
    wrong = [each for each in found if each.kind in ON_DISK]
    return bool(wrong) and all(
        each.where.partition("/")[0] in roots
        and (each.where not in elsewhere or _is_explained(each, lying.get(each.where, ""), contents))
        for each in wrong
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


def _is_explained(finding: Finding, there: str, contents: frozenset[str]) -> bool:
    """Whether a file that is as neither reference has it may still be one in the middle of an update."""
    if finding.kind is FindingKind.MISSING or STATE_OF[finding.kind] is State.UNKNOWN:
        return True
    return finding.kind in _MOVED and there in contents


def _lying(observation: Observation) -> Mapping[str, str]:
    """Return what lies where; of two names that are spelled alike, as hostile ones can be, neither is known."""
    contents: dict[str, str] = {}
    for key, seen in observation.files.items():
        where = _where(key)
        contents[where] = "" if where in contents else _spelled(seen.sha256, seen.target)
    return contents


def _where(key: Key) -> str:
    return printable(f"{key[0]}/{key[1]}")


def _spelled(sha256: str | None, target: str | None) -> str:
    if target is not None:
        return f"link to {target}"
    return sha256 or ""
