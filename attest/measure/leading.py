"""Which interpreter a server leads to: its sealed command, and every environment in its tree. Links are followed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from attest.measure.derivations.virtual_environment import CONFIGURATION
from attest.measure.process import file_identity
from attest.statement.observation import FileIdentity, Key

COMMAND = "command"
"""Where the sealed command leads to is told under this name; where an environment does, under `root/path`."""


def leads_of(
    executable: str | None, files: Iterable[Key], places: Mapping[str, str], prefix: str = ""
) -> dict[str, tuple[str, FileIdentity | None]]:
    """Return what leads to an interpreter, by which path, and to which file; None: to none.

    `executable` is the file that the sealed command makes the kernel run, placeholders expanded. An environment is told
    by its `pyvenv.cfg`, whose `home` a rule holds against the very link that is followed here. `prefix` is the root
    directory of the server's process, if that is not ours.
    """
    found: dict[str, str] = {} if executable is None else {COMMAND: executable}
    for root, path in files:
        if path == CONFIGURATION or path.endswith(f"/{CONFIGURATION}"):
            folder = path.removesuffix(CONFIGURATION)
            found[f"{root}/{folder}bin/python"] = os.path.join(places[root], folder, "bin", "python")
    return {where: (path, file_identity(path, prefix)) for where, path in found.items()}
