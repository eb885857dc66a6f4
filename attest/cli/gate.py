"""The gate of `attest verify`: the verdicts of a call, held to a policy if there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from attest.evidence.policy.reading import Policy
    from attest.evidence.verdict import Verdict
    from attest.evidence.verify.gathered import Judged

Gate = Callable[[Iterable["Judged"], int], Iterable["Verdict"]]
"""Makes the verdicts of a call, judged at a time in milliseconds since 1970."""


def load_policy(path: Path) -> Policy:
    """Read a gate policy; raise `MalformedError` or `UnavailableError`."""
    from attest.codec.files import read_file
    from attest.evidence.policy.document import MAX_POLICY_BYTES
    from attest.evidence.policy.reading import read_policy

    return read_policy(read_file(path, max_bytes=MAX_POLICY_BYTES), where=str(path))


def gate_of(path: Path | None) -> Gate:
    """Return the gate with the policy of a file, read at once; without one every verdict goes through, as it comes."""
    if path is None:
        return lambda files, _at: (each.verdict for each in files)
    policy = load_policy(path)

    def hold(files: Iterable[Judged], at: int) -> Iterable[Verdict]:
        from attest.evidence.policy.judge import judge_policy

        verdicts = judge_policy(policy, tuple(files), at)
        _tell_unused(verdicts, path)
        return verdicts

    return hold


def _tell_unused(verdicts: Iterable[Verdict], path: Path) -> None:
    """Say on standard error which exceptions excused nothing in any file, as the reports do."""
    from attest.evidence.reports.unused import unused_exceptions

    for line in unused_exceptions(verdicts):
        click.echo(f"{path}: {line}", err=True)
