"""The flags that say what evidence is judged against, alike for `verify` and `report`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from attest.cli.arguments import FILE, HEX, NAME_VALUE, SECONDS, TIME, unique
from attest.cli.demands import demands, expectations_of
from attest.evidence.verdict import Kind
from attest.evidence.verify.question import Question

if TYPE_CHECKING:
    from attest.trust.revocations import Revocations
    from attest.trust.trust import Trust

F = TypeVar("F", bound=Callable[..., Any])

_SECOND: Final = 1000
"""In milliseconds."""

_OPTIONS: Final = (
    click.option("--reference", multiple=True, metavar="REF|sha256:HEX", help="What the evidence has to be about."),
    click.option("--artifact", multiple=True, metavar="FILE|ALG:HEX", help="The artifact it has to be about."),
    click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="The kind of file it has to be."),
    click.option(
        "--tier",
        type=click.Choice(["structural", "receipts", "full"]),
        default="receipts",
        show_default=True,
        help="How much an evidence bundle has to hold, at least.",
    ),
    click.option("--nonce", type=HEX, help="The nonce that the newest run was given."),
    click.option("--context", type=NAME_VALUE, multiple=True, help="What the newest run was started with."),
    click.option(
        "--revocations", type=FILE, multiple=True, help="What is known to be revoked: files of attest revoke."
    ),
    click.option("--expect-checkpoint", type=FILE, multiple=True, help="A checkpoint that the log has to contain."),
    click.option("--at", type=TIME, help="Judge as of this time, instead of now."),
    click.option(
        "--max-evidence-age",
        type=SECONDS,
        default=86400,
        show_default=True,
        help="How old the newest evidence may be.",
    ),
    click.option("--policy", type=FILE, help="What the files have to show beyond being true: a gate policy, TOML."),
)


def asking(command: F) -> F:
    """Add the flags to a verb, in their order; those about build evidence behind them."""
    command = demands(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def question_of(given: Mapping[str, Any], trust: Trust) -> Question:
    """Read the caller's own files; whatever is wrong with one of them is an error and no verdict."""
    from attest.cli.expected import artifact_digest, reference_digest
    from attest.codec.files import read_file
    from attest.evidence.grammar import Tier
    from attest.tlog.checkpoint import read_checkpoint_unverified

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
