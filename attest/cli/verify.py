"""`attest verify`: prove or refute a file of evidence, offline."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attest.cli.arguments import FILE, HEX, NAME_VALUE, TIME, example, unique
from attest.cli.demands import demands, expectations_of
from attest.cli.home import trust_option
from attest.cli.reporting import Reporting, reports
from attest.cli.results import Results, results
from attest.evidence.verdict import Kind
from attest.evidence.verify.question import Question

if TYPE_CHECKING:
    from attest.trust.revocations import Revocations
    from attest.trust.trust import Trust

_SECOND = 1000
"""In milliseconds."""


@click.command(
    epilog=example(
        "attest verify evidence.jsonl --trust trust.json --reference server.ref",
        "attest verify server.sigstore.json --trust github.json --artifact server.whl",
        "attest verify npm.attestations.json --trust github.json --artifact server-1.2.3.tgz",
        "attest verify evidence.jsonl --trust trust.json --reference server.ref --save sarif=attest.sarif",
        "attest verify server.sigstore.json --trust github.json --artifact server.whl --vsa vsa --result-key gate.key",
        "attest verify evidence.jsonl --trust trust.json --reference server.ref --policy attest-policy.toml",
    )
)
@click.argument("file", type=FILE, nargs=-1, required=True)
@trust_option
@click.option("--reference", multiple=True, metavar="REF|sha256:HEX", help="What the evidence has to be about.")
@click.option("--artifact", multiple=True, metavar="FILE|ALG:HEX", help="The artifact it has to be about.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="The kind of file it has to be.")
@click.option(
    "--tier",
    type=click.Choice(["structural", "receipts", "full"]),
    default="receipts",
    show_default=True,
    help="How much an evidence bundle has to hold, at least.",
)
@click.option("--nonce", type=HEX, help="The nonce that the newest run was given.")
@click.option("--context", type=NAME_VALUE, multiple=True, help="What the newest run was started with.")
@click.option("--revocations", type=FILE, multiple=True, help="What is known to be revoked: files of attest revoke.")
@click.option("--expect-checkpoint", type=FILE, multiple=True, help="A checkpoint that the log has to contain.")
@click.option("--at", type=TIME, help="Judge as of this time, instead of now.")
@click.option(
    "--max-evidence-age",
    type=click.IntRange(min=1),
    default=86400,
    show_default=True,
    help="How old the newest evidence may be, seconds.",
)
@click.option("--policy", type=FILE, help="What the files have to show beyond being true: a gate policy, TOML.")
@demands
@reports
@results
def verify(file: tuple[Path, ...], **given: Any) -> int:  # noqa: ANN401  (click's options)
    """Judge each FILE: an evidence bundle, a receipt, a RuntimeReference, build evidence; - is stdin.

    Exits 0 if every one passed and 1 if any did not.
    """
    from attest.cli.gate import gate_of
    from attest.cli.input import lines_of_argument
    from attest.cli.progress import Progress
    from attest.cli.workers import spread_for
    from attest.evidence.verify.file import judge_file

    reporting = Reporting(given, file)
    result = Results(given, file)
    question = _question(given)
    gate = gate_of(given["policy"])
    passed = True
    with spread_for(file) as spread, Progress() as progress:
        judged = (
            judge_file(
                progress.count(lines_of_argument(path, result.hash_of(path)), f"verifying {path.name}, lines"),
                question,
                file=str(path),
                spread=spread,
            )
            for path in file
        )
        for verdict in gate(judged, question.at):
            passed = passed and verdict.passed
            progress.clear()
            reporting.tell(verdict)
    reporting.finish()
    result.finish(reporting.verdicts, question)
    return 0 if passed else 1


def _question(given: Mapping[str, Any]) -> Question:
    """Read the caller's own files; whatever is wrong with one of them is an error and no verdict."""
    from attest.cli.expected import artifact_digest, reference_digest
    from attest.codec.files import read_file
    from attest.evidence.grammar import Tier
    from attest.tlog.checkpoint import read_checkpoint_unverified
    from attest.trust.trust import load_trust

    trust = load_trust(given["trust"])
    return Question(
        trust=trust,
        at=given["at"] if given["at"] is not None else time.time_ns() // 1_000_000,
        references=tuple(map(reference_digest, given["reference"])),
        artifacts=tuple(map(artifact_digest, given["artifact"])),
        kind=given["kind"],
        tier=Tier(given["tier"]),
        nonce=given["nonce"],
        context=tuple(sorted(unique(given["context"], "--context").items())),
        checkpoints=tuple(
            read_checkpoint_unverified(read_file(path), where=str(path)) for path in given["expect_checkpoint"]
        ),
        max_evidence_age=given["max_evidence_age"] * _SECOND,
        expectations=expectations_of(given),
        revocations=_revocations(given["revocations"], trust) if given["revocations"] else None,
    )


def _revocations(paths: tuple[Path, ...], trust: Trust) -> Revocations:
    from attest.trust.revocations import load_revocations

    return load_revocations(paths, trust)
