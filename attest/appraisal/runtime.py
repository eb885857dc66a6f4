"""Whether a server runs on the runtime that is measured with it, and not on another one that looks like it."""

from __future__ import annotations

from collections.abc import Mapping

from attest.appraisal.process import WHERE
from attest.appraisal.state import make_finding
from attest.statement.findings import Finding, FindingKind
from attest.statement.observation import FileIdentity, ObservedProcess

Leads = Mapping[str, tuple[str, FileIdentity | None]]
"""By where it stands: the path of an interpreter, and the file that it leads to."""


def judge_runtime(
    program: str, identity: FileIdentity | None, leads: Leads, observed: ObservedProcess | None
) -> tuple[Finding, ...]:
    """Return what leads elsewhere than to `program`, the executable of the sealed runtime, which is `identity`.

    Compared are files (device and inode), not paths: a copy with the same content takes its library from where it lies.
    The running executable has to be that file, too, or one that lay at its path: that it is gone is a finding of its
    own. Whether the file is as sealed is judged with the runtime's others.
    """
    found = dict(leads)
    replaced = observed is not None and observed.executable_deleted and observed.executable_path == program
    if observed is not None and observed.executable_identity is not None and not replaced:
        found[WHERE] = (observed.executable_path or "", observed.executable_identity)
    return tuple(
        make_finding(
            FindingKind.RUNTIME_OTHER, where, expected=program, found=path if seen else f"{path} (no such file)"
        )
        for where, (path, seen) in sorted(found.items())
        if seen is None or seen != identity
    )
