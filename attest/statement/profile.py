"""The process that runs the tree, as it is sealed: its command, its environment, what it may start and listen on."""

from typing import Annotated, Final

import msgspec

from attest.codec.records import Count, Line, Record, Sha256Hex
from attest.errors import MalformedError

FORBIDDEN_NAMES: Final = frozenset(
    {
        "GCONV_PATH",
        "LD_AUDIT",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "NODE_COMPILE_CACHE",
        "NODE_OPTIONS",
        "NODE_PATH",
        "OPENSSL_CONF",
        "OPENSSL_ENGINES",
        "OPENSSL_MODULES",
        "PYTHONHOME",
        "PYTHONINSPECT",
        "PYTHONPATH",
        "PYTHONPLATLIBDIR",
        "PYTHONPYCACHEPREFIX",
        "PYTHONSTARTUP",
        "PYTHONUSERBASE",
    }
)
"""Names by which an environment makes a program load other code; they count only with a sealed value."""

EXPECTED_NAMES: Final = (
    "COLORTERM",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LOGNAME",
    "NO_COLOR",
    "PATH",
    "PWD",
    "SHELL",
    "SHLVL",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_RUNTIME_DIR",
)
"""What every program may expect to find: where things lie, who and where the user is. None of them loads code."""

EnvironmentName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,255}[\x2a]{0,1}$(?!\n)")]
"""The name of a variable; a `*` at its end stands for every name that begins so."""


class EnvironmentValue(Record, kw_only=True):
    """A variable with its value, which everybody may know: never a secret."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,255}$(?!\n)")]
    value: Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f]{0,4096}$(?!\n)")]


class EnvironmentRules(Record, kw_only=True):
    """What may stand in the environment of the process; every other name is a finding, save `EXPECTED_NAMES`.

    Names only, wherever a value could be a secret; a reference holds no digest of one either.
    """

    allowed: Annotated[tuple[EnvironmentName, ...], msgspec.Meta(max_length=1024)] = ()
    """May be set, to anything. None of `FORBIDDEN_NAMES`, and no pattern that covers one."""
    fixed: Annotated[tuple[EnvironmentValue, ...], msgspec.Meta(max_length=256)] = ()
    """Have to be set to exactly this, where they are set; a launcher sets them."""

    def __post_init__(self) -> None:
        """Refuse to allow what can load other code, whatever its value."""
        for name in self.allowed:
            if any(covers(name, forbidden) for forbidden in FORBIDDEN_NAMES):
                raise MalformedError("environment.allowed", "no name that can load other code", name)


class ProcessProfile(Record, kw_only=True):
    """The process that runs the tree. `{NAME}` at the start of an argument stands for the place of a root."""

    argv: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)]
    """Without an interpreter, program and arguments. With one, what follows it: the script and its arguments."""
    parameters: Annotated[tuple[Count, ...], msgspec.Meta(max_length=256)] = ()
    """Where in `argv` any one word may stand: what only the starter knows, or a secret; sealed there is a label."""
    interpreter: Line | None = None
    """For a script: the program that its `#!` line names, which is what the kernel runs."""
    environment: EnvironmentRules | None = None
    """Absent: every name that cannot load other code is good."""
    working_directory: Line | None = None
    """Absent: any. A placeholder as in `argv`."""
    children: Annotated[tuple[Line, ...], msgspec.Meta(max_length=256)] | None = None
    """The programs that it may start, besides its own executable. Absent: whatever it could not have written."""
    listening: Annotated[tuple[Line, ...], msgspec.Meta(max_length=256)] | None = None
    """Where it may listen, `tcp:127.0.0.1:8080`. Absent: not judged. Empty: nowhere."""

    def __post_init__(self) -> None:
        """Refuse parameters that are not arguments; the first word is a program or a script."""
        if list(self.parameters) != sorted({at for at in self.parameters if 0 < at < len(self.argv)}):
            raise MalformedError("process.parameters", "places of arguments, each once, in order", "other numbers")

    @property
    def fixed_argv(self) -> tuple[str | None, ...]:
        """`argv` with None where any word may stand."""
        return tuple(None if at in self.parameters else word for at, word in enumerate(self.argv))


class Program(Record, kw_only=True):
    """The executable that a reference is about, where it seals a runtime: an interpreter and what belongs to it."""

    path: Line
    """With the placeholder of a root, as in `ProcessProfile`."""
    sha256: Sha256Hex


def covers(pattern: str, name: str) -> bool:
    """Return whether an allowed name, which may end in `*`, stands for `name`."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
