"""The way in: find the verb, run it, turn what it raises into a message and an exit code."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

import click

from attest.codec.printable import printable
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError, UntrustedError
from attest.version import VERSION

VERBS: Final = {
    "demo": "the whole line on a real MCP server, under a minute",
    "scan": "every MCP server here: what really executes, how much is known",
    "init": "keys, a trust file and places for references and logs, once",
    "doctor": "what this machine can see and do, and how to get more",
    "key": "make and show keys",
    "trust": "make, show and check a trust file",
    "fetch": "archives and the attestations that exist for them",
    "tools": "record and learn what callers may do with a server: tools.toml",
    "seal": "write down what may run, signed: a RuntimeReference",
    "sign": "add a sealer's signature, where more than one is demanded",
    "derive": "let somebody have less of a reference: fewer tools, an earlier end",
    "revoke": "say that a reference or a key is void, or list what is",
    "update": "seal anew what was updated: fetch, verify, show, with an overlap",
    "diff": "what an update changes: packages, files, tools and rules",
    "run": "start a server only if it is what was sealed, and measure it until it ends",
    "portal": "stand between a client and its server, and check every call by the sealed rules",
    "wrap": "put the servers of a client's configuration behind the portal",
    "agent": "measure a server, cycle after cycle, with a receipt each",
    "log": "show and check a log of receipts",
    "bundle": "export logs as one evidence file",
    "verify": "prove or refute evidence, offline",
    "report": "evidence and its verdict as one page that checks itself",
    "policy": "check a gate policy: what evidence has to show beyond being true",
    "show": "print any of our documents, not verified",
}
"""The verbs in the order of the line; each is a module of this room with a click command of that name."""


_HELP: Final = """Prove that the MCP server running now is the one that was built.

\b
seal -> agent -> bundle -> verify, with evidence that anybody can check offline.
Exit codes: 0 passed, 1 verdict failed, 2 usage, 3 malformed input,
4 untrusted input, 5 refused, 6 unavailable.
"""
"""Not a docstring: click's mark for lines to leave alone is a backspace."""


class ExitCode(IntEnum):
    """What the caller can rely on; CLI.md."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    MALFORMED = 3
    UNTRUSTED = 4
    REFUSED = 5
    UNAVAILABLE = 6
    INTERRUPTED = 130


EXIT_CODES: Final[dict[type[AttestError], ExitCode]] = {
    MalformedError: ExitCode.MALFORMED,
    UntrustedError: ExitCode.UNTRUSTED,
    RefusedError: ExitCode.REFUSED,
    UnavailableError: ExitCode.UNAVAILABLE,
}


class Verbs(click.Group):
    """A group that imports a verb's module only when that verb is called: start-up time is a promise."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Return the verbs in the order of the line."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of one verb and return its command."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(f"attest.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the verbs from the table, without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_HELP,
    epilog="\b\nExample:\n  attest --version",
)
@click.version_option(VERSION, prog_name="mcp-attest", message="%(prog)s %(version)s")
def attest() -> None:
    """Prove that the MCP server running now is the one that was built."""


def enter(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    try:
        answer = attest.main(args=list(arguments), prog_name="attest", standalone_mode=False)
    except Exception as error:  # noqa: BLE001  (a fault of ours must not look like a verdict: Python would exit 1)
        return _report(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return int(answer) if isinstance(answer, int) else ExitCode.PASSED


def _report(error: Exception) -> int:
    """Say on standard error what went wrong and return the exit code of its kind."""
    if isinstance(error, AttestError):
        _complain(str(error), error.hint)
        return EXIT_CODES.get(type(error), ExitCode.UNAVAILABLE)
    if isinstance(error, click.Abort):
        return ExitCode.INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show(file=sys.stderr)
        return ExitCode.USAGE
    if isinstance(error, OSError) and (told := _of_the_machine(error)) is not None:
        _complain(*told)
        return ExitCode.UNAVAILABLE
    return _closed_pipe() if isinstance(error, BrokenPipeError) else _fault(error)


def _of_the_machine(error: OSError) -> tuple[str, str | None] | None:
    """Return what is to be said, and the hint, where the machine and no fault of ours is why; else None."""
    if error.errno == errno.ENOSPC:
        return "output: expected room for it, found none", None
    if isinstance(error, PermissionError) and error.filename is not None:
        # Of a folder that may not be entered not even what is in it can be told: wherever one asks, that is the answer.
        return f"{error.filename}: expected leave to look there, found {error.strerror}", None
    return ("the current folder: expected one that is there, found none", "cd to another one") if _is_lost() else None


def _is_lost() -> bool:
    """Whether the folder in which we were started has been removed."""
    try:
        os.getcwd()  # noqa: PTH109  (pathlib would be imported at every start)
    except FileNotFoundError:
        return True
    return False


def _complain(message: str, hint: str | None) -> None:
    sys.stderr.write(f"attest: {printable(message)}\n")
    if hint is not None:
        sys.stderr.write(f"hint: {printable(hint)}\n")


def _fault(error: Exception) -> int:
    if os.environ.get("ATTEST_TRACEBACK"):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    _complain(
        f"fault: expected none in attest itself, found {type(error).__name__}",
        "please report it, with what ATTEST_TRACEBACK=1 prints",
    )
    return ExitCode.UNAVAILABLE


def _closed_pipe() -> int:
    # The reader went away (`attest show ... | head`): nothing is left to say, and nobody to say it to.
    sys.stdout = None
    return ExitCode.UNAVAILABLE
