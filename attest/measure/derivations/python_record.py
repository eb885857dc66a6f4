"""python-record: RECORD lists its wheel's files, and besides only what other rules explain."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from typing import Final

from attest.errors import MalformedError
from attest.measure.derivations.distribution import is_metadata, metadata_of
from attest.measure.derivations.python_bytecode import source_of
from attest.measure.derivations.rule import Outcome, Rule, is_file, underived, written
from attest.measure.facts import Facts
from attest.measure.promised_rows import rows_digest
from attest.measure.record import MAX_RECORD_BYTES, Row, read_record
from attest.statement.observation import Derivation, Key


def claims(path: str) -> bool:
    """Return whether this is the file of some `.dist-info`."""
    return is_metadata(path, "RECORD")


def derive(facts: Facts, root: str, path: str) -> Outcome:
    """Compare the set of rows: order is the installer's.

    Each row of the wheel once, with the same hash and size (the promise `rows`); each further one
    about a file that is explained and has this hash, a .pyc without hash, or RECORD itself.
    """
    key = (root, path)
    metadata = metadata_of(facts, root, path)
    promise = facts.promise(key, "rows")
    if metadata is None or promise is None:
        return None
    # uv writes over the wheel's own RECORD and keeps its mode, which in the wheel of protobuf is 0777.
    if not is_file(facts, key):
        return underived("not a file")
    try:
        rows = _rows(facts.read(key, MAX_RECORD_BYTES), written(key))
    except MalformedError as error:
        return underived(str(error))
    return _judge(facts, key, rows, promise, metadata)


@lru_cache(maxsize=1024)
def _rows(octets: bytes, where: str) -> tuple[Row, ...]:
    return read_record(octets, where=where)


def _judge(facts: Facts, key: Key, rows: tuple[Row, ...], promise: str, metadata: Key) -> Outcome:
    site = os.path.dirname(os.path.dirname(facts.absolute(key)))
    sealed: dict[Key, tuple[str, int]] = {}
    seen: set[Key] = set()
    for row in rows:
        target = facts.locate(os.path.normpath(os.path.join(site, row.path)))
        if target is None or target in seen:
            return underived(f"a row for a file outside the roots, or twice: {row.path[:200]}")
        seen.add(target)
        if _is_sealed(facts, target, row):
            sealed[target] = (facts.known[target], row.size if row.size is not None else -1)
        elif not _explained(facts, key, target, row):
            return underived(f"a row for a file that is not like that: {row.path[:200]}")
    if rows_digest(sealed) != promise:
        return underived("not the rows of its wheel")
    return Derivation(rule=RULE.name, inputs=(written(metadata), f"rows={promise}"))


def _is_sealed(facts: Facts, target: Key, row: Row) -> bool:
    """Whether the row gives the sealed digest.

    That the file still has it is not asked: if not, it is a finding of its own, and not RECORD's.
    """
    known = facts.known.get(target)
    if known is None or row.algorithm is None:
        return False
    if row.algorithm == "sha256":
        return row.digest == known
    return facts.sealed(target) and hashlib.new(row.algorithm, facts.read(target)).hexdigest() == row.digest


def _explained(facts: Facts, record: Key, target: Key, row: Row) -> bool:
    if row.algorithm is None or row.digest is None:
        source = source_of(target)
        unlisted = target[1].endswith((".dist-info/RECORD.jws", ".dist-info/RECORD.p7s"))
        return target == record or source in facts.known or (source is not None and facts.explained(source)) or unlisted
    observed = facts.observed(target)
    if target in facts.known or observed is None or not facts.explained(target):
        # Sealed as derived and not as it should be: a finding of its own, too.
        return target in facts.promised and target not in facts.known
    if _is_isolated_later(facts, target, row):
        return True
    if row.size not in {None, observed.size}:
        return False
    if row.algorithm == "sha256":
        return observed.sha256 == row.digest
    return hashlib.new(row.algorithm, facts.read(target)).hexdigest() == row.digest


def _is_isolated_later(facts: Facts, target: Key, row: Row) -> bool:
    """Whether the row is of the script as it was before pipx put `-E` behind its interpreter."""
    if "/bin/" not in f"/{target[1]}" or row.algorithm is None or row.digest is None:
        return False
    script = facts.read(target)
    for now, before in ((b" -E\n", b"\n"), (b' -E "$0"', b' "$0"')):
        octets = script.replace(now, before, 1)
        if octets != script and hashlib.new(row.algorithm, octets).hexdigest() == row.digest:
            return True
    return False


RULE: Final = Rule(name="python-record", required=True, claims=claims, derive=derive, stage=2)
