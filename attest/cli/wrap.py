"""`attest wrap`: put the servers that clients are configured to start behind the portal, and take them back."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from attest.cli import home as user
from attest.cli.arguments import FILE, example

if TYPE_CHECKING:
    from attest.cli.progress import Progress
    from attest.cli.wrap_text import WrapText
    from attest.clients.configuration import Configuration, ConfiguredServer
    from attest.scan.sealed import SealedServers
    from attest.wrap.model import Edited, Protected, Row, Sealable, Unprotected
    from attest.wrap.sealing import Sealer

_MILLION: Final = 1_000_000


@click.command(epilog=example("attest wrap client.json --dry-run", "attest wrap client.json", "attest wrap --undo"))
@click.argument("config", type=FILE, nargs=-1)
@click.option("--all", "every", is_flag=True, help="Do not ask, and take what is switched off, too.")
@click.option("--server", multiple=True, metavar="NAME", help="Only servers of this name; exits 1 if one cannot be.")
@click.option("--dry-run", is_flag=True, help="Show what would change, without secrets, and touch nothing.")
@click.option("--undo", is_flag=True, help="Restore what configurations were, byte for byte.")
def wrap(config: tuple[Path, ...], *, every: bool, server: tuple[str, ...], dry_run: bool, undo: bool) -> int:
    """Start MCP servers through `attest portal` from now on; of their entries nothing but that is changed.

    CONFIG: client configurations, instead of those in their usual places. What really executes is found and sealed as
    it is installed now, audit-only: receipts are written, and nothing is refused yet. Prints which servers are
    protected, which are not, why, and what to do next. Makes what attest init makes, where that is missing.
    """
    from attest.cli.wrap_text import WrapText

    page = WrapText(home=str(Path("~").expanduser()), dry_run=dry_run)
    if undo:
        return _undo(config, server, page)
    configurations = _configurations(config)
    rows = _rows(configurations, server, every=every)
    judged = _judge(rows)
    if not (every or server or config or dry_run):
        _ask(page, judged)
    outcomes, edited = _wrap(configurations, judged, dry_run=dry_run)
    for line in (*page.differences(edited), *page.outcomes(configurations, outcomes)):
        click.echo(line)
    return int(page.is_failure(configurations if config else (), outcomes, named=bool(server)))


def _configurations(config: Sequence[Path]) -> tuple[Configuration, ...]:
    from attest.clients.places import find_configurations, read_given
    from attest.wrap.choosing import each_once

    home = str(Path("~").expanduser())
    given = tuple(read_given(path, home=home) for path in config)
    return each_once(given or find_configurations(home, str(Path.cwd()), os.environ))


def _rows(configurations: Sequence[Configuration], names: Sequence[str], *, every: bool) -> tuple[Row, ...]:
    from attest.wrap.choosing import choose

    rows, missing = choose(configurations, names, switched_off=every)
    if missing:
        known = sorted({server.name for each in configurations for server in each.servers})
        raise click.UsageError(f"--server: expected one of {', '.join(known) or 'no servers'}, found {missing[0]!r}")
    return rows


def _judge(rows: Sequence[Row]) -> list[Sealable | Protected | Unprotected]:
    from attest.cli.progress import Progress
    from attest.wrap.judging import Judging

    with Progress() as progress:
        progress.tell("reading references")
        judging = Judging(
            cwd=str(Path.cwd()), home=str(Path("~").expanduser()), environment=os.environ, sealed=_sealed()
        )
        judged = []
        for row in rows:
            progress.tell(f"looking at {row.server.name}")
            judged.append(judging.judge(row))
    return judged


def _sealed() -> SealedServers | None:
    from attest.scan.sealed import open_references
    from attest.trust.trust import load_trust

    return open_references(user.references(), load_trust(user.trust_file()), _now) if user.is_initialised() else None


def _ask(page: WrapText, judged: Sequence[Sealable | Protected | Unprotected]) -> None:
    """Ask who named nothing, if there is anybody to ask and anything to do."""
    lines = tuple(page.candidates(judged))
    if not lines or not sys.stdin.isatty():
        return
    for line in lines:
        click.echo(line, err=True)
    click.confirm("put them behind the portal?", abort=True, err=True)


def _wrap(
    configurations: Sequence[Configuration],
    judged: Sequence[Sealable | Protected | Unprotected],
    *,
    dry_run: bool,
) -> tuple[list[Protected | Unprotected], list[Edited]]:
    from attest.cli.progress import Progress
    from attest.wrap.kept import Keeping
    from attest.wrap.model import Sealable
    from attest.wrap.wrapping import Wrapping

    sealable = [each for each in judged if isinstance(each, Sealable)]
    outcomes: dict[object, Protected | Unprotected] = {
        (each.configuration.path, each.server.keys): each for each in judged if not isinstance(each, Sealable)
    }
    edited: list[Edited] = []
    with Progress() as progress:
        wrapping = Wrapping(
            references=user.references(),
            keeping=Keeping(folder=user.originals()),
            portal_words=_portal_words() if sealable else lambda _server, _path: (),
            sealer=_sealer(progress) if sealable and not dry_run else None,
        )
        for configuration in configurations:
            mine = [each for each in sealable if each.configuration is configuration]
            came, change = wrapping.wrap(configuration, mine) if mine else ((), None)
            outcomes |= {(configuration.path, each.server.keys): each for each in came}
            edited += [change] if change is not None else []
    return [outcomes[each.configuration.path, each.server.keys] for each in judged], edited


def _sealer(progress: Progress) -> Sealer:
    """Return who seals, made first where nobody was."""
    from attest.signing.keyfiles import load_private
    from attest.trust.trust import load_trust
    from attest.wrap.sealing import Sealer

    if not user.is_initialised():
        from attest.cli.init import make_place

        for line in make_place():
            click.echo(line, err=True)
    return Sealer(
        references=user.references(),
        trust=load_trust(user.trust_file()),
        load_key=lambda: load_private(user.sealer_key()),
        at=_now(),
        tell=progress.tell,
    )


def _portal_words() -> Callable[[ConfiguredServer, Path], tuple[str, ...]]:
    """Return what makes the words before a command: by name, or by paths where the client would look elsewhere."""
    from attest.wrap.ourselves import own_words

    ours = own_words()

    def words(server: ConfiguredServer, reference: Path) -> tuple[str, ...]:
        if user.is_where_clients_look() and not {"HOME", "XDG_DATA_HOME"} & server.environment.keys():
            return (*ours, "portal", reference.name.removesuffix(".ref"), "--")
        paths = ("--trust", user.trust_file(), "--key", user.writer_key(), "--log", user.log_of(reference))
        return (*ours, "portal", str(reference), *map(str, paths), "--")

    return words


def _undo(config: Sequence[Path], names: Sequence[str], page: WrapText) -> int:
    from attest.errors import AttestError, RefusedError
    from attest.wrap.kept import Keeping
    from attest.wrap.undoing import undo

    keeping = Keeping(folder=user.originals())
    paths = {os.path.realpath(path) for path in config}
    found = [kept for kept in keeping.every() if not config or kept.path in paths]
    if missing := paths - {kept.path for kept in found}:
        raise RefusedError(min(missing), "a configuration that attest wrap has written", "another one")
    known = {server.keys[-1] for kept in found for server in kept.servers}
    if found and (strange := [name for name in names if name not in known]):
        expected = f"one of {', '.join(sorted(known))}, which are behind the portal"
        raise click.UsageError(f"--server: expected {expected}, found {strange[0]!r}")
    found = [kept for kept in found if not names or any(server.keys[-1] in names for server in kept.servers)]
    failed: list[AttestError] = []
    restored = 0
    for kept in found:
        try:
            edited = undo(
                kept, keeping, chosen=lambda each: not names or each.keys[-1] in names, write=not page.dry_run
            )
        except AttestError as error:
            failed.append(error)
            continue
        restored += edited is not None
        for line in (*page.differences([] if edited is None else [edited]), page.undone(kept.path, edited)):
            click.echo(line)
    if not found:
        click.echo("nothing is wrapped")
    if restored and not page.dry_run:
        click.echo("next: restart the clients: what runs now was started before")
    for other in failed[1:]:
        click.echo(f"attest: {other}\nhint: {other.hint}", err=True)
    if failed:
        raise failed[0]
    return 0


def _now() -> int:
    return time.time_ns() // _MILLION
