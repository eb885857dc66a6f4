"""The certificate of a log's writer, as it is kept beside the log, as a line of an evidence bundle."""

from typing import Final

import msgspec

from attest.codec.octets import from_base64, to_base64
from attest.errors import MalformedError
from attest.evidence.grammar import CertifiedWriterLine
from attest.provenance.certified_writer import ATTESTATION_KIND, KEY_KIND
from attest.tlog.documents import Documents
from attest.tlog.stores.sqlite import SqliteReader


class _Written(msgspec.Struct, frozen=True):
    writer: str


class _Predicate(msgspec.Struct, frozen=True):
    receipt: _Written


class _Statement(msgspec.Struct, frozen=True):
    predicate: _Predicate


class _Payload(msgspec.Struct, frozen=True):
    payload: str


_ENVELOPES: Final = msgspec.json.Decoder(_Payload)
_STATEMENTS: Final = msgspec.json.Decoder(_Statement)


def certified_writer(reader: SqliteReader, documents: Documents, start: int, stop: int) -> CertifiedWriterLine | None:
    """Return the certificate of who wrote the entries from `start` to `stop`; None without one: the key is known.

    Raises `MalformedError` for a log whose receipts are none, `UnavailableError` for a key without its attestation.
    """
    keyid = _writer(reader, start, stop)
    if keyid is None or keyid not in documents.digests(KEY_KIND):
        return None
    key, attestation = documents.get(KEY_KIND, keyid), documents.get(ATTESTATION_KIND, keyid)
    return CertifiedWriterLine(keyid=keyid, key=key.decode("ascii", "replace"), attestation=to_base64(attestation))


def _writer(reader: SqliteReader, start: int, stop: int) -> str | None:
    """Return the key id that the receipts of a part name, or the one before it: a log has one writer."""
    row = next(iter(reader.rows(start, stop)), None) or next(iter(reader.rows(max(start - 1, 0), start)), None)
    if row is None:
        return None
    where = f"{reader.where}: receipt {row.sequence}"
    try:
        payload = from_base64(_ENVELOPES.decode(row.receipt).payload, where=where)
        return _STATEMENTS.decode(payload).predicate.receipt.writer
    except msgspec.MsgspecError as error:
        raise MalformedError(where, "a receipt", str(error)[:120]) from error
