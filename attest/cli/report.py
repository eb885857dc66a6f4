"""`attest report`: evidence and its verdict as one page that checks itself."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from attest.cli.arguments import FILE, example
from attest.cli.asking import asking, question_of
from attest.cli.home import trust_file
from attest.codec.printable import printable
from attest.evidence.verify.question import Question

if TYPE_CHECKING:
    from attest.evidence.verdict import Verdict

_SAID_OTHERWISE: Final = frozenset({"trust", "reference", "at", "out"})
"""Flags that the command on the page has in another form, or not at all."""


@click.command(epilog=example("attest report evidence.jsonl --trust trust.json --reference server.ref -o report.html"))
@click.argument("file", type=FILE)
@click.option("--trust", type=FILE, help="The trust file; that of attest init if there is one, else nothing is judged.")
@asking
@click.option("-o", "out", type=FILE, required=True, help="Where to write the page; - is stdout.")
@click.pass_context
def report(ctx: click.Context, /, file: Path, trust: Path | None, out: Path, **given: Any) -> None:  # noqa: ANN401  (click's options)
    """Write FILE, with the verdict of attest verify, as one HTML page that needs nothing else and no network.

    The page holds all of FILE and checks it again in the browser. Exits 0 once it is written, whatever the verdict,
    which is told in a line on standard error.
    """
    from attest.cli.gate import load_policy
    from attest.cli.input import lines_of_argument
    from attest.cli.output import write_out
    from attest.cli.progress import Progress
    from attest.cli.replacing import begins_with, check_replaceable
    from attest.cli.workers import spread_for
    from attest.evidence.page.assembling import OPENING
    from attest.evidence.page.making import make_page
    from attest.trust.trust import load_trust

    check_replaceable(out, "a page of attest report", begins_with(OPENING))
    trust = trust_file() if trust is None and trust_file().is_file() else trust
    question = None if trust is None else question_of(given, load_trust(trust))
    references = _files_of(given["reference"])
    policy = None if given["policy"] is None else load_policy(given["policy"])
    with spread_for([file]) as spread, Progress() as progress:
        page = make_page(
            progress.count(lines_of_argument(file), f"verifying {file.name}, lines"),
            question,
            policy=policy,
            file=str(file),
            file_sha256=_digest_of(file),
            at=time.time_ns() // 1_000_000,
            command=_command(ctx, file, trust, question),
            references=references,
            spread=spread,
        )
    write_out(out, page.chunks)
    click.echo(_told(page.verdict, file, out), err=True)


def _told(verdict: Verdict | None, file: Path, out: Path) -> str:
    """Return one line: the exit code tells nobody what the page says."""
    from attest.cli.output import STANDARD
    from attest.evidence.reports.headline import headline

    said = f"not judged, without a trust file  {printable(str(file))}" if verdict is None else headline(verdict)
    return said if out == STANDARD else f"{said}: wrote {printable(str(out))}"


def _files_of(reference: tuple[str, ...]) -> tuple[Path, ...]:
    from attest.cli.expected import reference_file

    return tuple(file for each in reference if (file := reference_file(each)) is not None)


def _digest_of(file: Path) -> str | None:
    """Return the SHA-256 of all of a file: of one that cannot be unpacked, too, of which fewer bytes are read.

    None of standard input and of pipes, which can be read only once.
    """
    from attest.cli.expected import artifact_digest
    from attest.cli.output import STANDARD

    if file == STANDARD or not file.is_file():
        return None
    return artifact_digest(str(file)).sha256


def _command(ctx: click.Context, file: Path, trust: Path | None, question: Question | None) -> Iterator[str]:
    """Yield the words that verify one's own copy, for a shell: as they were given, files by their names alone."""
    yield from ("attest", "verify", shlex.quote(file.name or "FILE"))
    yield from ("--trust", "trust.json" if trust is None else shlex.quote(trust.name))
    if question is None:
        yield from ("--reference", "REF")
        return
    for digest in question.references:
        yield from ("--reference", f"sha256:{digest}")
    for option in ctx.command.params:
        name = option.name or ""
        if name not in _SAID_OTHERWISE and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value = ctx.params[name]
            for each in value if option.multiple and isinstance(value, tuple) else (value,):
                if isinstance(option, click.Option):
                    yield from (option.opts[0], shlex.quote(_word(each)))


def _word(value: object) -> str:
    if isinstance(value, Path):
        return value.name
    return "=".join(value) if isinstance(value, tuple) else str(value)
