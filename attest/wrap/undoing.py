"""Take what `attest wrap` put into a configuration out of it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from attest.clients.formats import read_servers
from attest.clients.portal_command import read_portal
from attest.codec.octets import sha256_hex
from attest.errors import AttestError, RefusedError
from attest.wrap.kept import Keeping, Kept, KeptServer, still_ours, without
from attest.wrap.model import Edited
from attest.wrap.replacing import read_on_disk, replace_on_disk


def undo(kept: Kept, keeping: Keeping, *, chosen: Callable[[KeptServer], bool], write: bool) -> Edited | None:
    """Take out what was put before the commands of the chosen servers; None if nothing of it is there any more.

    The file is then what it was, byte for byte; where somebody has edited it since, what is ours is taken out of what
    it is now. Raises `RefusedError`, with the place of the kept bytes, if an entry is not as we wrote it.
    """
    if not Path(kept.path).exists():
        hint = f"as it was before wrapping it lies in {keeping.original(Path(kept.path))}"
        raise RefusedError(kept.path, "the configuration that attest wrap wrote", "none", hint=hint)
    file = read_on_disk(Path(kept.path))
    digest = sha256_hex(file.octets)
    out = [each for each in kept.servers if chosen(each)]
    left = tuple(each for each in kept.servers if not chosen(each))
    if digest == kept.after and not left:
        octets = keeping.read_original(kept)
    elif digest == kept.before:
        octets, left = file.octets, ()
    else:
        octets = _without(file.octets, kept, out, keeping)
    if write:
        if octets != file.octets:
            replace_on_disk(file, octets)
        _keep(octets, kept, left, keeping)
    return None if octets == file.octets else Edited(path=file.path, form=kept.form, before=file.octets, after=octets)


def _keep(octets: bytes, kept: Kept, left: tuple[KeptServer, ...], keeping: Keeping) -> None:
    """Keep on what is still wrapped."""
    bare, ours = still_ours(octets, msgspec.structs.replace(kept, servers=left))
    if not ours:
        keeping.forget(kept)
        return
    now = msgspec.structs.replace(kept, before=sha256_hex(bare), after=sha256_hex(octets), servers=ours)
    keeping.keep(now, bare)


def _without(octets: bytes, kept: Kept, servers: Sequence[KeptServer], keeping: Keeping) -> bytes:
    found = read_servers(octets, kept.form, where=kept.path)
    there = {server.keys for server in found if read_portal(server.spelled) is not None}
    for server in servers:
        if server.keys not in there:
            continue  # somebody took the server out, or the portal before it
        try:
            octets = without(octets, kept.form, server, where=kept.path)
        except AttestError as error:
            raise RefusedError(
                f"{kept.path}: {server.keys[-1]}",
                "the entry as attest wrap wrote it",
                "one that was edited since",
                hint=f"take `attest portal ... --` out by hand; the file as it was before lies in "
                f"{keeping.original(Path(kept.path))}",
            ) from error
    return octets
