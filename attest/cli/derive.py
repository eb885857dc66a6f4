"""`attest derive`: a sub-mandate, only ever narrower."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from attest.cli.arguments import FILE, TIME, example
from attest.cli.home import REFERENCE, defaulted, sealer_key, trust_file

if TYPE_CHECKING:
    from attest.statement.predicates.runtime_reference import RuntimeReference


@click.command(
    epilog=example(
        "attest derive notes.ref --key sealer.key --tool echo --not-after 2099-01-01T00:00:00Z -o less.ref",
    )
)
@click.argument("ref", type=REFERENCE)
@defaulted("--key", sealer_key, "The private key of a sealer that REF names, or that signed it.")
@click.option(
    "-o", "out", type=FILE, required=True, help="Where to write it; its manifest and REF itself go beside it."
)
@click.option("--tool", multiple=True, metavar="NAME", help="A tool that stays permitted; all of REF's, unless given.")
@click.option("--not-after", type=TIME, help="Until when it is valid, no longer than REF; as long, unless given.")
@click.option(
    "--trust",
    type=FILE,
    help="The trust file, that of attest init where its key is used: refuses a REF or a key that it does not trust.",
)
def derive(ref: Path, key: Path, out: Path, **given: Any) -> None:  # noqa: ANN401  (click's options)
    """Derive from REF a reference that permits less: some of its tools alone, or not as long.

    It is used in REF's place, and is never wider: everything else is as in REF, whoever opens it judges both, and it
    ends when REF does, is revoked or is replaced. Prints its digest.
    """
    from attest.cli.cosigners import tell_missing
    from attest.cli.output import STANDARD
    from attest.cli.replacing import check_replaceable, of_types
    from attest.errors import RefusedError
    from attest.seal.deriving import Narrower
    from attest.seal.deriving import derive as run
    from attest.seal.writing import write_sealed
    from attest.signing.dsse import read_envelope
    from attest.signing.keyfiles import load_private
    from attest.statement.predicates.runtime_reference import PREDICATE_TYPE
    from attest.trust.trust import load_trust

    if not given["tool"] and given["not_after"] is None:
        raise click.UsageError("expected --tool or --not-after, found neither: it would be REF once more")
    if out == STANDARD:
        raise click.UsageError("-o: expected a file, since the manifest goes beside it, found -")
    check_replaceable(out, "a RuntimeReference", of_types(PREDICATE_TYPE))
    if out.exists() and out.samefile(ref):
        raise RefusedError(str(out), "another file than REF, which it is never used without", "REF itself")
    trusted: Path | None = given["trust"] or (trust_file() if key == sealer_key() else None)
    trust = None if trusted is None else load_trust(trusted)
    less = Narrower(tools=given["tool"] or None, not_after=given["not_after"])
    derived = run(ref, less, trust, lambda: load_private(key), at=time.time_ns() // 1_000_000)
    write_sealed(out, derived)
    click.echo(f"sha256:{derived.digest}")
    click.echo(_summary(derived.reference), err=True)
    if trust is None:
        click.echo("who signed REF, and whether the key is a sealer's, is not checked without --trust", err=True)
    else:
        tell_missing(out, read_envelope(derived.envelope, where="reference"), trust)


def _summary(child: RuntimeReference) -> str:
    """Return what is left, in a line."""
    from attest.codec.printable import printable

    names = () if child.tools is None else tuple(each.name for each in child.tools.tools)
    tools = f", with {', '.join(names) or 'no tool'}" if child.tools is not None else ""
    return printable(f"derived    {child.server.name}{tools}, until {child.validity.not_after or 'its parent ends'}")
