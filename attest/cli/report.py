"""`attest report`: evidence and its verdict as one page that checks itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from attest.cli.arguments import FILE, TIME, example
from attest.cli.home import trust_file

if TYPE_CHECKING:
    from attest.evidence.verify.question import Question

_SECOND: Final = 1000
"""In milliseconds."""


@click.command(epilog=example("attest report evidence.jsonl --trust trust.json --reference server.ref -o report.html"))
@click.argument("file", type=FILE)
@click.option(
    "--trust", type=FILE, help="The trust file; that of attest init, if there is one. Else nothing is judged."
)
@click.option("--reference", multiple=True, metavar="REF|sha256:HEX", help="What the evidence has to be about.")
@click.option("--artifact", multiple=True, metavar="FILE|ALG:HEX", help="The artifact it has to be about.")
@click.option("--at", type=TIME, help="Judge as of this time, instead of now.")
@click.option(
    "--max-evidence-age",
    type=click.IntRange(min=1),
    default=86400,
    show_default=True,
    help="How old the newest evidence may be, seconds.",
)
@click.option("-o", "out", type=FILE, required=True, help="Where to write the page; - is stdout.")
def report(
    file: Path,
    trust: Path | None,
    reference: tuple[str, ...],
    artifact: tuple[str, ...],
    at: int | None,
    max_evidence_age: int,
    out: Path,
) -> None:
    """Write FILE, with the verdict of attest verify, as one HTML page that needs nothing else and no network.

    The page holds all of FILE and checks it again in the browser. Exits 0 once it is written, whatever the verdict.
    """
    from attest.cli.input import lines_of_argument
    from attest.cli.output import STANDARD, write_binary
    from attest.cli.progress import Progress
    from attest.cli.workers import spread_for
    from attest.codec.files import write_file
    from attest.evidence.page.making import make_page

    trust = trust_file() if trust is None and trust_file().is_file() else trust
    made_at = time.time_ns() // 1_000_000
    question = None if trust is None else _question(trust, reference, artifact, at or made_at, max_evidence_age)
    references = _files_of(reference)
    with spread_for([file]) as spread, Progress() as progress:
        page = make_page(
            progress.count(lines_of_argument(file), f"verifying {file.name}, lines"),
            question,
            file=file,
            file_sha256=None if file == STANDARD else _digest_of(file),
            at=made_at,
            trust_file=trust,
            references=references,
            spread=spread,
        )
    if out == STANDARD:
        write_binary(page)
        return
    write_file(out, page)
    click.echo(f"wrote {out}", err=True)


def _question(
    trust: Path, reference: tuple[str, ...], artifact: tuple[str, ...], at: int, max_evidence_age: int
) -> Question:
    """Read the caller's own files; whatever is wrong with one of them is an error and no page."""
    from attest.cli.expected import artifact_digest, reference_digest
    from attest.evidence.verify.question import Question
    from attest.trust.trust import load_trust

    return Question(
        trust=load_trust(trust),
        at=at,
        references=tuple(map(reference_digest, reference)),
        artifacts=tuple(map(artifact_digest, artifact)),
        max_evidence_age=max_evidence_age * _SECOND,
    )


def _files_of(reference: tuple[str, ...]) -> tuple[Path, ...]:
    from attest.cli.expected import reference_file

    return tuple(file for each in reference if (file := reference_file(each)) is not None)


def _digest_of(file: Path) -> str | None:
    from attest.cli.expected import artifact_digest

    return artifact_digest(str(file)).sha256
