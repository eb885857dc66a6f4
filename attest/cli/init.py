"""`attest init`: the first hour on one machine: keys, a trust file that names them, places for references and logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from attest.cli import home
from attest.cli.arguments import example

_PRIVATE = 0o700


@click.command(epilog=example("attest init"))
def init() -> None:
    """Make what the other verbs need, in your data directory; what is there already is kept.

    A sealer's and a writer's key, a trust file that names both and the public-good Sigstore instance, and folders for
    references and logs. From then on --trust, --key and --log may be left out, and REF may be a name.
    """
    for line in make_place():
        click.echo(line)
    click.echo("")
    click.echo("Both keys lie on this machine: whoever can read them can seal anew. When that is not good enough, move")
    click.echo("sealer.key elsewhere and seal there. Keep the .revoke files somewhere else in any case.")
    click.echo("next: attest scan, then attest wrap, or attest seal TREE --name NAME ... (README, step by step)")


def make_place() -> Iterator[str]:
    """Make what is missing, and yield a line for each part: made, or kept."""
    from attest.errors import UnavailableError

    place = home.home()
    try:
        for folder in (place, home.references(), home.logs()):
            made = not folder.is_dir()
            folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            yield _told(folder, made=made)
        place.chmod(_PRIVATE)
    except OSError as error:
        raise UnavailableError(str(place), "a place to write", error.strerror or "an error") from error
    for key in (home.sealer_key(), home.writer_key()):
        yield _told(key, made=_make_key(key))
    yield _told(home.trust_file(), made=_make_trust(home.trust_file()))


def _make_key(path: Path) -> bool:
    from attest.signing.algorithms import DEFAULT
    from attest.trust.key_pairs import make_key_pair

    if path.exists():
        return False
    make_key_pair(path, DEFAULT, at=time.time_ns() // 1_000_000)
    return True


def _make_trust(path: Path) -> bool:
    from attest.codec.files import write_file
    from attest.signing.keyfiles import load_public
    from attest.trust.document import SigstoreRoot
    from attest.trust.making import make_trust, write_trust

    if path.exists():
        return False
    sealer, writer = (load_public(key.with_name(f"{key.name}.pub")) for key in (home.sealer_key(), home.writer_key()))
    document = make_trust(sealers=[sealer], writers=[writer], sigstore=SigstoreRoot(name="production"))
    write_file(path, [write_trust(document)])
    return True


def _told(path: Path, *, made: bool) -> str:
    return f"{'made' if made else 'kept'}  {path}"
