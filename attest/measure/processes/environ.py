"""`/proc/PID/environ` (proc_pid_environ(5)): the variables that a process was started with.

Values may be secrets: they are read, turned into salted digests, and forgotten. A process may overwrite the place in
its memory that this shows, as `setproctitle` does: what stands here was not necessarily what it was started with, and
nothing here proves that a variable was not set.
"""

from __future__ import annotations

from typing import Final

from attest.errors import MalformedError
from attest.statement.observation import ObservedEnvironment
from attest.statement.salted import salted_digest

MAX_ENVIRONMENT_BYTES: Final = 4 * 1024 * 1024
"""More than the kernel's own limit for arguments and environment together, by default 2 MiB."""


def parse_environment(octets: bytes, salt: bytes) -> ObservedEnvironment:
    """Return names and salted values; what no program would look up is left out. Raises `MalformedError`."""
    if len(octets) > MAX_ENVIRONMENT_BYTES:
        raise MalformedError("environ", f"at most {MAX_ENVIRONMENT_BYTES} bytes", "more")
    variables: list[tuple[str, str]] = []
    for piece in octets.split(b"\0"):
        name, equals, value = piece.partition(b"=")
        if equals and name and name.translate(None, b" \t\r\n\v\f") == name:
            variables.append((name.decode("utf-8", "surrogateescape"), salted_digest(salt, name, value)))
    return ObservedEnvironment(salt=salt, variables=tuple(variables))
