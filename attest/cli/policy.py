"""`attest policy`: look at a gate policy before a gate does."""

from __future__ import annotations

import time
from pathlib import Path

import click

from attest.cli.arguments import FILE, TIME, Verbs, example


@click.group(cls=Verbs)
def policy() -> None:
    """Check a gate policy, the file that attest verify --policy takes."""


@policy.command(
    short_help="read it as strictly as a gate does", epilog=example("attest policy check attest-policy.toml")
)
@click.argument("file", type=FILE)
@click.option("--at", type=TIME, help="Judge exceptions as of this time, instead of now.")
def check(file: Path, at: int | None) -> None:
    """Read FILE as strictly as a gate does, and say what is odd about it.

    Exits 0 if a gate can use it, and 3 if not: unknown keys, combinations that nothing can keep, exceptions that have
    expired. Warnings go to standard error: rules that can never fail, exceptions that end within 14 days.
    """
    from attest.cli.gate import load_policy
    from attest.errors import MalformedError
    from attest.evidence.policy.linting import expired, warnings
    from attest.evidence.policy.rules import RULES

    found = load_policy(file)
    now = at if at is not None else time.time_ns() // 1_000_000
    for warning in warnings(found.document, now):
        click.echo(f"{file}: {warning}", err=True)
    over = tuple(expired(found.document, now))
    if over:
        hint = "mend what was excused, and take the exception out; or review it again, and give it a later day"
        raise MalformedError(str(file), "exceptions that have not expired", "; ".join(over), hint=hint)
    asked = sum(rule.asked(found.document) for rule in RULES.values())
    click.echo(
        f"{file}: {asked} of {len(RULES)} rules, {len(found.document.exceptions)} exceptions, sha256:{found.sha256}"
    )
