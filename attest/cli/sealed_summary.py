"""What a sealed reference says, in a few lines for the person who sealed it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attest.codec.printable import printable
from attest.measure.commands.resolving import assigned_by
from attest.statement.levels import Origin
from attest.statement.predicates.runtime_reference import RuntimeReference, Share

_SHOWN = 5


def summarize(reference: RuntimeReference, command: Sequence[str] = ()) -> str:
    """Return the lines: which server, how well its files are known, what is not bound, not claimed and outside.

    And which variables the `command` that was sealed sets, but the reference does not.
    """
    server = reference.server
    lines = [f"sealed     {server.name}{f' {server.version}' if server.version else ''}"]
    shares = {origin: _share(reference, origin) for origin in Origin}
    files = sum(share.files for share in shares.values())
    lines += [
        f"{'files' if at == 0 else '':10} {origin:8} {share.files:6}  {share.files / max(files, 1):6.1%}"
        for at, (origin, share) in enumerate(item for item in shares.items() if item[1].files)
    ]
    lines.append(f"least      {reference.assurance.least}")
    if reference.is_remote and reference.tools is not None and reference.tools.upstream is not None:
        lines.append(f"remote     {reference.tools.upstream.url}: nobody saw a file or a process of it")
    if reference.program is not None:
        lines.append(f"program    {reference.program.path}, a runtime that servers can name: --runtime")
    if reference.runtime is not None:
        lines.append(f"runtime    {reference.runtime.name}, sequence {reference.runtime.sequence} or higher")
    if reference.tools is not None:
        who = ", ".join(each.name for each in reference.tools.principals)
        lines.append(f"tools      {len(reference.tools.tools)} of {len(reference.tools.definitions)}, for {who}")
    scripts = [
        f"{item.name}: {', '.join(item.install_scripts)}" for item in reference.artifacts if item.install_scripts
    ]
    lines += _listed("scripts", tuple(scripts), len(scripts))
    lines += _listed("unbound", reference.unbound, len(reference.unbound))
    lines += _listed("unclaimed", reference.unclaimed.paths, reference.unclaimed.files)
    lines += [f"outside    {item}" for item in reference.outside]
    lines += [
        f"not set    {name}: whoever starts the server has to set it; attest run does if sealed with --env {name}=VALUE"
        for name in _assigned(command)
        if name not in _fixed(reference)
    ]
    return "\n".join(map(printable, lines))


def _assigned(command: Sequence[str]) -> Mapping[str, str]:
    return assigned_by(command, cwd=str(Path.cwd()), environment=os.environ) if command else {}


def _fixed(reference: RuntimeReference) -> set[str]:
    rules = None if reference.process is None else reference.process.environment
    return set() if rules is None else {each.name for each in rules.fixed}


def _listed(name: str, items: tuple[str, ...], count: int) -> Iterator[str]:
    """Yield a line that counts, and one for each of the first."""
    if count:
        yield f"{name:10} {count:8}"
    yield from (f"{'':10} {item}" for item in items[:_SHOWN])
    if count > _SHOWN:
        yield f"{'':10} and {count - _SHOWN} more"


def _share(reference: RuntimeReference, origin: Origin) -> Share:
    share: Share = getattr(reference.assurance, origin.value)
    return share
