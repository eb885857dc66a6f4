"""Shell scripts that end in `exec PROGRAM ... "$@"`: the process is that program's, as if it had been given itself.

Told from the text alone, and only where nothing else can happen: variables, `export`, `set`, `cd`, then `exec`. Where
such a script does more than that it is refused, since what would be sealed is not what will run.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import Final

from attest.errors import RefusedError
from attest.measure.commands.invocation import Invocation

MAX_SCRIPT_BYTES: Final = 64 * 1024
_SHELLS: Final = frozenset({"ash", "bash", "dash", "sh"})
_SHELL_OPTIONS: Final = re.compile(r"-[eux]+")

_ITSELF: Final = r'"?\$(?:0|\{0\}|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})"?'
_DIRNAME: Final = rf"\$\(dirname (?:-- )?{_ITSELF}\)"
_FOLDER: Final = re.compile(
    rf'{_DIRNAME}|\$\(cd (?:-- )?"?{_DIRNAME}"?(?: >/dev/null(?: 2>&1)?)? && pwd\)|\$\{{0%/\*\}}'
)
_REAL_FOLDER: Final = re.compile(rf'\$\(dirname (?:-- )?"?\$\((?:realpath|readlink -f) (?:-- )?{_ITSELF}\)"?\)')
_VARIABLE: Final = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_SINGLE: Final = re.compile(r"'([^']*)'")
_QUOTED: Final = re.compile(r'[^"\\$`]+')
_ESCAPED: Final = re.compile(r'\\([\\"$`])|(\\)(?=[^\\"$`])')
_ARGUMENTS: Final = re.compile(r'(?:"\$@"|\$\{1\+"\$@"\})(?=[ \t]|$)')

_SET: Final = re.compile(r"set(?: [-+][eux]+| -o pipefail| -[eux]*o pipefail)+")
_ASSIGNMENT: Final = re.compile(r"(export )?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_EXPORT: Final = re.compile(r"export ([A-Za-z_][A-Za-z0-9_]*)")
_CD: Final = re.compile(r"cd (?:-- )?(.*?)(?: *\|\| *exit(?: [0-9]+)?)?")
_EXEC: Final = re.compile(r"exec\s+(?![0-9]*[<>&])(.+)")
_BLANK: Final = " \t"
_IN_QUOTES: Final = re.compile(r"'[^\n]*\\\n")
"""There a backslash at the end of a line may be one."""
_BEFORE_EXEC: Final = re.compile(r"[ \t]*(?:&&|;)[ \t]*(?=exec\s)")
_INHERITED: Final = frozenset({"HOME", "PATH"})
"""Of what the caller has set, only where things lie: any other value may be a secret, and belongs in no reference."""


class _UntoldError(Exception):
    """It cannot be told."""


def start_wrapped(invocation: Invocation, program: str, words: list[str], octets: bytes) -> Invocation | None:
    """Return what a script becomes, whose first line names the interpreter `words`; None if it becomes nothing else.

    Raises `RefusedError` where it ends in `exec` and that is all that can be told.
    """
    if os.path.basename(words[0]) not in _SHELLS or not all(map(_SHELL_OPTIONS.fullmatch, words[1:])):
        return None
    text = octets.decode("utf-8", "replace")
    lines = [line.strip(_BLANK) for line in _BEFORE_EXEC.sub("\n", _joined(text)).split("\n")[1:]]
    commands = [line for line in lines if line and not line.startswith("#")]
    if not commands or _EXEC.fullmatch(commands[-1]) is None:
        return None
    told = len(octets) <= MAX_SCRIPT_BYTES and text.encode() == octets and not _IN_QUOTES.search(text)
    script = _Script(invocation=invocation, program=program, cwd=invocation.cwd)
    try:
        return script.run(commands if told else [])
    except _UntoldError:
        raise RefusedError(
            program,
            "a script of which can be told what it becomes",
            commands[-1][:200],
            hint="seal the program that it becomes, with its arguments, as the command; or leave out exec",
        ) from None


def _joined(text: str) -> str:
    return text.replace("\\\n", " ")


@dataclass(kw_only=True)
class _Script:
    """A script as far as it was read: nothing of it ever runs."""

    invocation: Invocation
    program: str
    cwd: str
    variables: dict[str, str] = field(default_factory=dict)
    exported: dict[str, str] = field(default_factory=dict)

    def run(self, commands: list[str]) -> Invocation:
        """Return what the first `exec` starts."""
        for line in commands:
            if (found := _EXEC.fullmatch(line)) is not None:
                words = self._words(found[1])
                if not words or words[0].startswith("-"):
                    break
                step = self.invocation.becomes(*words, cwd=self.cwd).assigned(self.exported)
                return replace(step, given=self.invocation.given)
            self._take(line)
        raise _UntoldError

    def _take(self, line: str) -> None:
        if _SET.fullmatch(line):
            return
        if (found := _ASSIGNMENT.fullmatch(line)) is not None:
            value = self._one(found[3]) if found[3] else ""
            self.variables[found[2]] = value
            if found[1] or found[2] in self.exported or found[2] in self.invocation.environment:
                self.exported[found[2]] = value
        elif (found := _EXPORT.fullmatch(line)) is not None and found[1] in self.variables:
            self.exported[found[1]] = self.variables[found[1]]
        elif (found := _CD.fullmatch(line)) is not None:
            folder = self._one(found[1])
            if folder.startswith("-"):
                raise _UntoldError
            self.cwd = os.path.normpath(os.path.join(self.cwd, folder))
        else:
            raise _UntoldError

    def _one(self, text: str) -> str:
        words = self._words(text)
        if len(words) != 1:
            raise _UntoldError
        return words[0]

    def _words(self, text: str) -> list[str]:
        words: list[str] = []
        at = 0
        while at < len(text):
            if text[at] in _BLANK:
                at += 1
            elif text[at] == "#":
                break
            elif (found := _ARGUMENTS.match(text, at)) is not None:
                words += self.invocation.words[1:]
                at = found.end()
            else:
                word, at = self._word(text, at)
                words.append(word)
        return words

    def _word(self, text: str, at: int) -> tuple[str, int]:
        word = ""
        while at < len(text) and text[at] not in _BLANK:
            if text[at] == '"':
                piece, at = self._double(text, at + 1)
            elif (found := _SINGLE.match(text, at)) is not None or (found := _PLAIN.match(text, at)) is not None:
                piece, at = found[found.lastindex or 0], found.end()
            else:
                piece, at = self._expanded(text, at)
                # Unquoted, the shell would split and match it.
                if _PLAIN.fullmatch(piece) is None:
                    raise _UntoldError
            word += piece
        return word, at

    def _double(self, text: str, at: int) -> tuple[str, int]:
        word = ""
        while at < len(text) and text[at] != '"':
            if (found := _QUOTED.match(text, at)) is not None or (found := _ESCAPED.match(text, at)) is not None:
                piece, at = found[found.lastindex or 0], found.end()
            else:
                piece, at = self._expanded(text, at)
            word += piece
        if at == len(text):
            raise _UntoldError
        return word, at + 1

    def _expanded(self, text: str, at: int) -> tuple[str, int]:
        if (found := _FOLDER.match(text, at)) is not None:
            return os.path.dirname(self.program), found.end()
        if (found := _REAL_FOLDER.match(text, at)) is not None:
            return os.path.dirname(os.path.realpath(self.program)), found.end()
        found = _VARIABLE.match(text, at)
        name = None if found is None else found[1] or found[2]
        if found is None or name is None:
            raise _UntoldError
        inherited = self.invocation.environment.get(name) if name in _INHERITED else None
        value = self.variables.get(name, inherited)
        if value is None:
            raise _UntoldError
        return value, found.end()
