"""What the paths of a sealed profile lead to, for the process that is measured: it may see other files than we do."""

from __future__ import annotations

import posixpath
from pathlib import Path

from attest.agent.sealed import SealedServer
from attest.appraisal.closure import is_below
from attest.appraisal.process import sealed_executable
from attest.appraisal.surroundings import Resolved
from attest.measure.process import file_identity
from attest.measure.processes.own_name import environment_of
from attest.measure.trail import real_path
from attest.statement.manifest import Scope
from attest.statement.observation import FileIdentity
from attest.statement.placeholders import expand


def resolve_profile(server: SealedServer, prefix: str, outside: str) -> Resolved:
    """Return what the sealed paths lead to.

    `prefix` is the root directory of the process, if that is not ours; `outside` is the one in which a program that is
    not measured has to lie (`attest.measure.standpoint`).
    """
    profile = server.reference.process
    if profile is None:
        return Resolved()
    sealed = sealed_executable(profile)
    executable = expand(sealed, server.places) if sealed is not None else None
    directory = profile.working_directory
    programs = (_file(expand(each, server.places), server, prefix, outside) for each in profile.children or ())
    return Resolved(
        executable=_file(executable, server, prefix, outside) if executable is not None else None,
        executable_path=_as_told(real_path(executable, prefix), prefix) if executable is not None else None,
        virtual_environment=environment_of(executable, prefix) if executable is not None else None,
        programs=frozenset(each for each in programs if each is not None),
        working_directory=real_path(expand(directory, server.places), prefix) if directory is not None else None,
    )


def _as_told(path: str, prefix: str) -> str:
    """Return what `/proc/PID/exe` would say of a path: from our root, where a process has another in our mounts."""
    try:
        root = str(Path(prefix).readlink()) if prefix else "/"
    except OSError:
        return path
    return root.rstrip("/") + path


def _file(path: str, server: SealedServer, prefix: str, outside: str) -> FileIdentity | None:
    theirs = prefix == outside or _is_measured(real_path(path, prefix), server, prefix)
    return file_identity(path, prefix if theirs else outside)


def _is_measured(path: str, server: SealedServer, prefix: str) -> bool:
    """Whether a path is one of a file that is looked at where the process sees it, in every cycle."""
    for part in (server,) if server.runtime is None else (server, server.runtime):
        places = part.real_places(prefix)
        if any(root.scope is Scope.EXACT and is_below(path, places[root.name]) for root in part.roots):
            return True
        if any(path == posixpath.join(places[root], each) for root, paths in part.listed.items() for each in paths):
            return True
    return False
