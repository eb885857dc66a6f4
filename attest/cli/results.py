"""The flags for results in the field's own predicates, VSA and SVR, and their writing: only of a call that passed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from attest.cli.arguments import FILE
from attest.errors import RefusedError, UnavailableError

if TYPE_CHECKING:
    from attest.evidence.results.conclusion import Conclusion
    from attest.evidence.results.inputs import Inputs
    from attest.evidence.verdict import Verdict
    from attest.evidence.verify.question import Question
    from attest.signing.keys import PrivateKey
    from attest.statement.statement import Statement
    from attest.trust.trust import Trust

F = TypeVar("F", bound=Callable[..., Any])

_KINDS: Final = ("vsa", "svr")

_OPTIONS: Final = (
    click.option("--vsa", type=FILE, help="Where a SLSA verification summary goes, if every FILE passed."),
    click.option("--svr", type=FILE, help="Where an in-toto verification result goes, if every FILE passed."),
    click.option("--result-key", type=FILE, metavar="KEY", help="The verifier's private key, which signs them."),
    click.option("--result-uri", metavar="URI", help="Who verified, as the consumers of them know him."),
)


def results(command: F) -> F:
    """Add the flags to a verb, in their order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class Results:
    """The results of one call. What stood under their names before is gone as soon as this is made.

    So whatever becomes of the call, nobody picks up the result of an earlier one.
    """

    def __init__(self, given: Mapping[str, Any], files: Sequence[Path]) -> None:
        """Read the flags and remove what is there; a result over another file of the call is a usage error."""
        self._given = given
        self._places = {kind: path for kind in _KINDS if (path := given[kind]) is not None}
        self._hashes: dict[str, hashlib._Hash] = {}
        if bool(self._places) != (given["result_key"] is not None):
            raise click.UsageError("--result-key: expected it with --vsa or --svr, and they with it")
        if self._places:
            _check_uris(given)
            _check_apart(self._places.values(), [*files, *_paths(given)])
            _check_replaceable(self._places.values())
        for path in self._places.values():
            _remove(path)
        self._key = _load_key(given["result_key"]) if self._places else None

    def hash_of(self, file: Path) -> hashlib._Hash | None:
        """Return what has to take the bytes of a file as it is read; None where nobody asked for a result."""
        if not self._places:
            return None
        # As the verdict spells it.
        name = str(file).encode("utf-8", "backslashreplace").decode()
        self._hashes[name] = hashlib.sha256()
        return self._hashes[name]

    def finish(self, verdicts: Sequence[Verdict], question: Question) -> None:
        """Sign and write the results, if every verdict passed."""
        if self._key is None or not all(verdict.passed for verdict in verdicts):
            return
        from attest.codec.files import write_file
        from attest.evidence.results.conclusion import conclude
        from attest.evidence.results.inputs import inputs_of
        from attest.evidence.results.svr import make_svr
        from attest.evidence.results.vsa import make_vsa
        from attest.signing.dsse import encode_envelope
        from attest.statement.statement import sign_statement

        _check_role(self._key, question.trust)
        conclusion = conclude(verdicts, question.artifacts)
        inputs = inputs_of(
            verdicts,
            {file: hashed.hexdigest() for file, hashed in self._hashes.items()},
            verifier_id=self._given["result_uri"],
            resource_uri=self._given["resource_uri"],
        )
        makers: Mapping[str, Callable[[Conclusion, Inputs], Statement[Any]]] = {"vsa": make_vsa, "svr": make_svr}
        for kind, path in self._places.items():
            envelope = sign_statement(makers[kind](conclusion, inputs), self._key)
            write_file(path, [encode_envelope(envelope), b"\n"])


def _load_key(path: Path) -> PrivateKey:
    from attest.signing.keyfiles import load_private

    return load_private(path)


def _check_uris(given: Mapping[str, Any]) -> None:
    """Refuse what would be signed as a URI and is none (RFC 3986, 3)."""
    for option in ("result_uri", "resource_uri"):
        uri = given[option]
        if uri is not None and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,2000}", uri) is None:
            raise click.UsageError(f"--{option.replace('_', '-')}: expected a URI, found {uri!r}")


def _check_role(key: PrivateKey, trust: Trust) -> None:
    """Refuse a key that the trust file knows in another role: no key has two."""
    from attest.trust.role import Role

    for role, keys in trust.keys.items():
        if role is not Role.VERIFIER and any(dated.key.keyid == key.keyid for dated in keys):
            raise RefusedError("--result-key", "the key of a verifier", f"one that the trust file knows as a {role}'s")


def _check_apart(results: Iterable[Path], others: Iterable[Path]) -> None:
    """Refuse a place at which there is anything else of this call: it would be removed."""
    from attest.cli.output import STANDARD

    places = tuple(results)
    found = [path.resolve() for path in places]
    if (
        STANDARD in places
        or len(set(found)) != len(found)
        or not set(found).isdisjoint(path.resolve() for path in others)
    ):
        raise click.UsageError("--vsa, --svr: expected a file of its own for each result, found one of this call")


def _check_replaceable(places: Iterable[Path]) -> None:
    """Refuse a place at which there is anything but a result: it would be removed, whoever needs it."""
    from attest.cli.replacing import check_replaceable, of_types
    from attest.evidence.results import svr, vsa

    for path in places:
        check_replaceable(path, "a result of attest verify", of_types(svr.PREDICATE_TYPE, vsa.PREDICATE_TYPE))


def _paths(given: Mapping[str, Any]) -> Iterator[Path]:
    """Return every other path that the call names."""
    for name, value in given.items():
        if name in _KINDS:
            continue
        for each in value if isinstance(value, tuple) else (value,):
            yield from (part for part in (each if isinstance(each, tuple) else (each,)) if isinstance(part, Path))
            if isinstance(each, str):
                yield Path(each)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise UnavailableError(str(path), "a place to write", error.strerror or "an error") from error
