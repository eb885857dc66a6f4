"""`attest update`: after an update of a server, one command fetches, verifies, shows what changed and seals it anew."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from attest.cli import home
from attest.cli.arguments import FILE, example
from attest.cli.demands import demands, expectations_of

_MILLION: Final = 1_000_000
_SECOND: Final = 1000
"""In milliseconds."""
_OVERLAP: Final = 86_400
_LEARN: Final = "attest tools record, attest tools learn, then --tools FILE"
_OLD: Final = re.compile(r"-[0-9]+\.ref$")
"""What `keep_old` calls a reference that was replaced."""


@click.command(
    epilog=example(
        "attest update server.ref --trust trust.json --key sealer.key --allow-site '*' --evidence none --yes"
    )
)
@click.argument("ref", metavar="[NAME|REF]...", type=home.REFERENCE, nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every reference in your data directory.")
@home.trust_option
@home.sealer_option
@click.option(
    "--evidence",
    multiple=True,
    metavar="DIR|none",
    help="Archives and build evidence at hand, instead of fetching them; several for several trees.",
)
@click.option(
    "--runtime", type=home.REFERENCE, metavar="REF", help="The sealed runtime, where the server is sealed on one."
)
@demands
@click.option("--allow-site", multiple=True, metavar="GLOB", help="Approve files without evidence; * crosses /.")
@click.option("--accept-downgrade", metavar="REASON", help="Why less evidence than before is right; recorded.")
@click.option("--tools", type=FILE, help="Other tool rules than before: see attest tools.")
@click.option(
    "--enforce", is_flag=True, help="What was sealed --audit-only: seal it so that findings have their effect."
)
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    default=_OVERLAP,
    show_default=True,
    metavar="SECONDS",
    help="How long the old reference stays good beside the new one; then a revocation makes it void.",
)
@click.option("--yes", is_flag=True, help="Seal without asking.")
def update(ref: tuple[Path, ...], *, every: bool, **given: Any) -> int:  # noqa: ANN401  (click's options)
    """Seal anew what is installed at the places of each REF, with the same command and the same terms.

    Fetches the archives of what is installed now and the attestations of their index, verifies them, shows what changed
    and asks. REF is then the new reference; the old one is kept beside it as REF-SEQUENCE, with a revocation that takes
    effect when the overlap is over. What was approved without evidence (--allow-site) has to be approved again.
    """
    from attest.errors import AttestError

    if every == bool(ref):
        raise click.UsageError("expected a REF, or --all, found " + ("both" if every else "neither"))
    paths = tuple(path for path in sorted(home.references().glob("*.ref")) if not _stays(path)) if every else ref
    failed: list[AttestError] = []
    for path in paths:
        try:
            _update(path, given)
        except AttestError as error:
            if len(paths) == 1:
                raise
            failed.append(error)
            click.echo(f"attest: {path.name}: {error}", err=True)
    if failed:
        raise failed[0]
    return 0


def _update(path: Path, given: Mapping[str, Any]) -> None:
    from attest.cli.difference_text import render
    from attest.cli.progress import Progress
    from attest.cli.updating import Updating, is_nothing, keep_old
    from attest.errors import RefusedError
    from attest.seal.comparing import compare
    from attest.seal.tools.reading import read_tools
    from attest.seal.unverified import read_side
    from attest.seal.writing import write_sealed
    from attest.signing.keyfiles import load_private
    from attest.trust.role import Role
    from attest.trust.trust import load_trust

    now = time.time_ns() // _MILLION
    trust = load_trust(given["trust"])
    if trust.ring(Role.SEALER).threshold > 1:
        hint = "seal into another file with --supersedes, have it signed (attest sign), then put it in place of REF"
        raise RefusedError(
            given["trust"], "one sealer to sign", "several: REF would not count until all have", hint=hint
        )
    updating = Updating(
        path=path,
        trust=trust,
        load_key=lambda: load_private(given["key"]),
        expectations=expectations_of(given),
        allow_site=given["allow_site"],
        accept_downgrade=given["accept_downgrade"],
        enforce=given["enforce"],
        tools=read_tools(given["tools"]) if given["tools"] is not None else None,
        runtime=given["runtime"],
        at=now,
    )
    with Progress() as progress:
        sealed = updating.seal(given["evidence"], progress.tell)
    new = read_side(sealed.envelope, sealed.manifest, where="the new reference")
    difference = compare(updating.old, new)
    if is_nothing(difference):
        click.echo(f"{path}: nothing changed, and nothing was written", err=True)
        return
    for line in render(updating.old, new, difference, every_file=False):
        click.echo(line, err=True)
    if given["enforce"] and sealed.reference.tools is None:
        click.echo(f"without tool rules a portal permits no call: {_LEARN}", err=True)
    if sealed.reference.tools is not None and given["tools"] is None:
        click.echo(
            f"the tool rules are those of before; if the new version describes its tools otherwise: {_LEARN}", err=True
        )
    _ask(path, yes=given["yes"])
    kept, revoked = keep_old(
        path, updating.old, updating.load_key(), at=now, void_from=now + given["overlap"] * _SECOND
    )
    write_sealed(path, sealed)
    click.echo(f"sha256:{sealed.digest}")
    click.echo(f"the old reference is {kept}; its revocation, for --revocations, is {revoked}", err=True)
    click.echo("next: restart what runs by it, and its client: until then the old one holds there", err=True)


def _ask(path: Path, *, yes: bool) -> None:
    from attest.errors import RefusedError

    if yes:
        return
    if not sys.stdin.isatty():
        raise RefusedError(str(path), "somebody who says yes to this", "no terminal", hint="--yes")
    click.confirm("seal this?", abort=True, err=True)


def _stays(path: Path) -> bool:
    """Whether a reference is one that was replaced, or a sub-mandate: that is derived anew, and not sealed."""
    from attest.statement.companions import parents_path

    return _OLD.search(path.name) is not None or parents_path(path).is_file()
