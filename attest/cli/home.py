"""The user's own place: what `attest init` makes there, and the options that have their defaults from it.

A default counts only where the file is there. Nothing is ever looked up in the current folder: a trust file that came
with a checkout would be somebody else's.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from attest.cli.arguments import FILE
from attest.errors import UnavailableError

_NAME: Final = r"[A-Za-z0-9@][A-Za-z0-9@._+-]{0,127}"
_SUFFIX: Final = ".ref"
_LOGS: Final = 100
"""So many servers of one reference run at a time; the next is refused, since its log has a writer."""


def home() -> Path:
    """Return the folder, whether it is there or not: `$XDG_DATA_HOME/mcp-attest`."""
    told = os.environ.get("XDG_DATA_HOME", "")
    if told.startswith("/"):
        return Path(told, "mcp-attest")
    beside = "Library/Application Support" if sys.platform == "darwin" else ".local/share"
    return Path(os.environ.get("HOME") or "~").expanduser() / beside / "mcp-attest"


def is_where_clients_look() -> bool:
    """Whether a program without our environment finds the same folder: clients hand few variables on."""
    return not os.environ.get("XDG_DATA_HOME", "").startswith("/")


def trust_file() -> Path:
    """Whom the user trusts."""
    return home() / "trust.json"


def sealer_key() -> Path:
    """The key that says what may run."""
    return home() / "sealer.key"


def originals() -> Path:
    """Where configurations lie as they were before `attest wrap`."""
    return home() / "wrapped"


def writer_key() -> Path:
    """The key that says what was measured."""
    return home() / "writer.key"


def references() -> Path:
    """Where references lie by name."""
    return home() / "references"


def logs() -> Path:
    """Where logs lie, one a writer."""
    return home() / "logs"


def reference_path(name: str) -> Path:
    """Return where the reference of a name lies; characters that no file name should have become `-`."""
    return references() / f"{re.sub(r'[^A-Za-z0-9@._+-]+', '-', name)}{_SUFFIX}"


def log_of(reference: Path) -> Path:
    """Return a log of what is run by a reference that nobody writes now.

    Two that run at a time need one each: a client with two windows, and another client, start a server more than once.
    """
    from attest.tlog.stores.lock import is_written

    if not is_initialised():
        raise click.UsageError("Missing option '--log'. After attest init it may be left out.")
    first = log_named(reference)
    return next((log for number in range(1, _LOGS) if not is_written(log := _numbered(first, number))), first)


def log_named(reference: Path) -> Path:
    """Return the first log of a reference; the others, of what runs beside that, have a number."""
    return logs() / f"run-{reference.name.removesuffix(_SUFFIX)}"


def _numbered(log: Path, number: int) -> Path:
    return log if number == 1 else log.with_name(f"{log.name}.{number}")


def is_initialised() -> bool:
    """Whether `attest init` was run."""
    return trust_file().is_file()


class Reference(click.ParamType[Path]):
    """REF: a file; or after `attest init` the name of one that lies in the user's place."""

    name = "REF"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ANN401, ARG002
        """Prefer a file that is there; who names none is told the names there are, which are all in one folder."""
        given = Path(value)
        if not isinstance(value, str) or not re.fullmatch(_NAME, value) or given.is_file():
            return given
        if (named := reference_path(value)).is_file():
            return named
        names = sorted(path.name.removesuffix(_SUFFIX) for path in references().glob(f"*{_SUFFIX}"))
        if names and not given.exists():
            hint = f"in {references()} are {', '.join(names)}"
            raise UnavailableError(value, "a file, or the name of a reference", "none", hint=hint)
        return given


class Log(click.ParamType[Path]):
    """DIR: a folder with a log; or after `attest init` the name of one that lies in the user's place."""

    name = "DIR"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ANN401, ARG002
        """Prefer a folder that is there; who names none is told the names there are."""
        given = Path(value)
        if not isinstance(value, str) or not re.fullmatch(_NAME, value) or given.is_dir():
            return given
        if (named := logs() / value).is_dir():
            return named
        names = sorted(log.name for log in logs().glob("*") if log.is_dir())
        if names:
            raise UnavailableError(value, "a folder with a log", "none", hint=f"in {logs()} are {', '.join(names)}")
        return given


REFERENCE: Final = Reference()
LOG: Final = Log()


_LEFT_OUT: Final = "After attest init it may be left out."
_GONE: Final = "What attest init made is gone."
_WHOSE_WORD: Final = (
    "It says whose word counts: take it from whom you trust, not from whoever gave you FILE. Without one, attest show "
    "and attest report show what FILE says, and nothing is judged."
)


def defaulted(flag: str, path: Callable[[], Path], text: str, without: str = _LEFT_OUT) -> Callable[[Any], Any]:
    """Return an option that takes a file of the user's place, if it is there, where it is not given."""
    return _needed(flag, lambda: found if (found := path()).exists() else None, text, without)


ONLY_ASKS: Final = "status"
"""An eager flag with which a verb asks one that runs already, and needs no keys for that."""


def _needed(flag: str, default: Callable[[], Path | None], text: str, without: str = _LEFT_OUT) -> Callable[[Any], Any]:
    def present(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
        # Not `required`: what click takes for missing where a default is computed differs between its versions.
        if value is None and not ctx.params.get(ONLY_ASKS):
            is_gone = without == _LEFT_OUT and is_initialised()
            raise click.MissingParameter(ctx=ctx, param=param, message=_GONE if is_gone else without)
        return value

    shown = "that of attest init"
    return click.option(flag, type=FILE, default=default, show_default=shown, callback=present, help=text)


trust_option: Final = defaulted("--trust", trust_file, "The trust file.")
verifier_trust_option: Final = defaulted("--trust", trust_file, "The trust file.", _WHOSE_WORD)
sealer_option: Final = defaulted("--key", sealer_key, "The sealer's private key.")
writer_option: Final = defaulted("--key", writer_key, "The writer's private key.")
key_attestation_option: Final = click.option(
    "--key-attestation", type=FILE, metavar="BUNDLE", help="What certifies --key, if this job made it for itself."
)


def log_option(name: str) -> Callable[[Any], Any]:
    """Return `--log`, by default the log `name` in the user's place, once there is one."""
    text = "The directory of the log; made if it is not there."
    return _needed("--log", lambda: logs() / name if is_initialised() else None, text)
