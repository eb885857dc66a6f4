"""The command of a configured server as it can be sealed: with labels where only the client knows the word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from attest.clients.configuration import ConfiguredServer
from attest.codec.printable import printable
from attest.errors import RefusedError
from attest.measure.commands.invocation import Started
from attest.seal.command import told_by
from attest.wrap.secret_words import secret_labels

PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}")
"""What clients fill in when they start a server: `${input:key}`, `${workspaceFolder}`, `${env:NAME}`, `${NAME}`."""


@dataclass(frozen=True, kw_only=True)
class SealedWords:
    """A command, and where in it any word may stand."""

    words: tuple[str, ...]
    """As it is given, with labels at these places."""
    parameters: tuple[int, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What is not sealed, as it may be shown."""
        return tuple(self.words[at] for at in self.parameters)


def sealed_words(
    server: ConfiguredServer, started: Started, *, cwd: str, environment: Mapping[str, str]
) -> SealedWords:
    """Return the words that are sealed of a server whose command becomes `started`.

    Raises `RefusedError` where which code is started depends on what only the client knows.
    """
    command, spelled = server.command, server.spelled or server.command
    fixed = next(at for at in range(1, len(command) + 1) if _tells_all(command, at, started, cwd, environment))
    open_ended = [word for word in command[:fixed] if PLACEHOLDER.search(word)]
    if open_ended:
        raise RefusedError(
            "its command",
            "one that says by itself which code is started",
            f"{printable(open_ended[0])}, which only the client fills in",
            hint="write the path itself",
        )
    labels = {fixed + at: label for at, label in secret_labels(command[fixed:]).items()}
    labels |= {at: printable(word) for at, word in enumerate(spelled) if at >= fixed and PLACEHOLDER.search(word)}
    return SealedWords(
        words=tuple(labels.get(at, word) for at, word in enumerate(command)), parameters=tuple(sorted(labels))
    )


def _tells_all(command: tuple[str, ...], at: int, started: Started, cwd: str, environment: Mapping[str, str]) -> bool:
    return at == len(command) or told_by(command, at, started, cwd=cwd, environment=environment) is not None
