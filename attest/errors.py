"""Four kinds of error, told apart by what the caller can do about them.

Every message has one shape: ``where: expected X, found Y``. Errors never print, log or exit; the door (`attest.cli`)
turns each kind into its exit code. A verdict is a value and never one of these.
"""

from __future__ import annotations

_MAX_CHARACTERS = 2000
"""A message quotes documents; a person has to be able to read it."""


class AttestError(Exception):
    """The root of all errors that this package raises on purpose."""

    def __init__(
        self, where: str, expected: str, found: str, *, hint: str | None = None, check: str | None = None
    ) -> None:
        """Say where it happened, what was expected and what was found.

        `hint` is one line on what to do next, `check` the id of the check of `attest verify` that this fails, where
        the one who raises knows it better than the one who catches.
        """
        super().__init__(where, expected, found)
        self.where = where
        self.expected = expected
        self.found = found
        self.hint = hint
        self.check = check

    def __str__(self) -> str:
        return _one_line(f"{self.where}: expected {self.expected}, found {self.found}")


def _one_line(text: str) -> str:
    # What is quoted is the attacker's: no line ends, no escape sequences that drive a terminal.
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[: _MAX_CHARACTERS - 1]}…"
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class MalformedError(AttestError):
    """The bytes are not a document of the expected form: mend the document."""


class UntrustedError(AttestError):
    """The document is well formed, but nobody who is trusted for this said it: mend the trust file or the signer."""


class RefusedError(AttestError):
    """It could be done and will not be: a rule forbids it."""


class UnavailableError(AttestError):
    """The machine cannot do it now: a disk, a process, a network, a package is missing."""
