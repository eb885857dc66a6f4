"""`attest key`: make a key pair with the revocation to keep elsewhere, and show a key file."""

from __future__ import annotations

import time
from pathlib import Path

import click

from attest.cli.arguments import FILE, Verbs, example
from attest.signing.algorithms import ALGORITHMS, DEFAULT


@click.group(cls=Verbs)
def key() -> None:
    """Make and show keys."""


@key.command(
    short_help="a private key, its public key, and its revocation", epilog=example("attest key new sealer.key")
)
@click.argument("out", type=FILE)
@click.option(
    "--algorithm",
    default=DEFAULT,
    show_default=True,
    type=click.Choice(list(ALGORITHMS)),
    help="What kind of key.",
)
def new(out: Path, algorithm: str) -> None:
    """Write OUT (private, 0600), OUT.pub and OUT.revoke.

    OUT.revoke is a signed statement that the key is void. Keep it somewhere else, for the day the key is lost.
    """
    from attest.trust.key_pairs import make_key_pair

    pair = make_key_pair(out, algorithm, at=time.time_ns() // 1_000_000)
    click.echo(pair.keyid)
    click.echo(f"wrote {out} (keep it secret), {pair.public}, {pair.revocation} (keep it elsewhere)", err=True)


@key.command(
    short_help="which key a file holds; never the private part", epilog=example("attest key show sealer.key.pub")
)
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """Show which key FILE holds, a private or a public one; never the private part."""
    from attest.signing.keyfiles import load_either

    found = load_either(file)
    click.echo(f"key id     {found.keyid}")
    click.echo(f"algorithm  {found.algorithm.name}")
