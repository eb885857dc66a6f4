"""`attest verify`: prove or refute a file of evidence, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from attest.cli.arguments import FILE, example
from attest.cli.asking import asking, question_of
from attest.cli.home import verifier_trust_option
from attest.cli.reporting import Reporting, reports
from attest.cli.results import Results, results


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
@verifier_trust_option
@asking
@reports
@results
def verify(file: tuple[Path, ...], **given: Any) -> int:  # noqa: ANN401  (click's options)
    """Judge each FILE: an evidence bundle, a receipt, a RuntimeReference, build evidence; - is stdin.

    Exits 0 if every one passed and 1 if any did not. Parts of one log are given in their order: each goes on where the
    one before ended.
    """
    from attest.cli.gate import gate_of
    from attest.cli.input import check_there, lines_of_argument
    from attest.cli.progress import Progress
    from attest.cli.workers import spread_for
    from attest.evidence.verify.file import judge_file
    from attest.evidence.verify.parts import Parts
    from attest.trust.trust import load_trust

    reporting = Reporting(given, file)
    result = Results(given, file)
    question = question_of(given, load_trust(given["trust"]))
    gate = gate_of(given["policy"])
    check_there(file)
    parts, passed = Parts(), True
    with spread_for(file) as spread, Progress() as progress:
        judged = (
            judge_file(
                progress.count(lines_of_argument(path, result.hash_of(path)), f"verifying {path.name}, lines"),
                question,
                file=str(path),
                spread=spread,
                parts=parts,
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
