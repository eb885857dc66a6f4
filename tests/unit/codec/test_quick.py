"""A twin accepts what its record accepts and refuses what it refuses, also after it has read others."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.quick import twin
from attest.errors import MalformedError
from attest.signing.dsse import Envelope, Signature, encode_envelope, sign_envelope
from attest.statement.predicates import RECEIPTS
from attest.statement.predicates.runtime_measurement import Measured, MeasuredProcess
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import Statement
from tests.log_documents import LOG
from tests.world import WRITER


def _statement(payload: bytes) -> tuple[bytes, Any, Any]:
    record: Any = RECEIPTS[json.loads(payload)["predicateType"]]
    quick: Any = twin(record, ReceiptHeader, Measured, MeasuredProcess)
    return payload, Statement[record], Statement[quick]


_ENVELOPE = twin(Envelope, Signature)

PAIRS: list[tuple[bytes, Any, Any]] = [
    *(_statement(step.payload) for step in LOG),
    (encode_envelope(sign_envelope(LOG[0].payload, WRITER)), Envelope, _ENVELOPE),
]
"""Good bytes, the record's type, and the twin's."""

TEXTS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(
        [
            *("a" * 32, "a" * 64, "A" * 64, "a" * 63, "a" * 64 + "\n", "", "a\x00b", "x" * 4097, "AAAA", "AA=="),
            *("2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00Z", "2026-02-30T12:00:00.000Z", "same-uid", "tree"),
        ]
    ),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [place for key, each in inner for place in _places(each, (*path, key))]
    return found if isinstance(value, dict | list) else [path]


def _outcome(octets: bytes, kind: Any) -> Any:
    try:
        return msgspec.to_builtins(msgspec.json.decode(octets, type=kind))
    except (msgspec.MsgspecError, MalformedError):
        return None


@given(data=st.data())
def test_twin_and_record_agree_on_every_text(data: st.DataObject):
    octets, record, quick = data.draw(st.sampled_from(PAIRS))
    assert _outcome(octets, quick) == _outcome(octets, record) is not None
    value = json.loads(octets)
    *way, last = data.draw(st.sampled_from(_places(value)))
    holder = value
    for key in way:
        holder = holder[key]
    holder[last] = data.draw(st.one_of(TEXTS, st.none(), st.integers(-1, 9)))
    changed = json.dumps(value).encode()
    assert _outcome(changed, quick) == _outcome(changed, record)
    assert _outcome(octets, quick) is not None


@pytest.mark.parametrize("text", ["A" * 64, "a" * 63, "a" * 64 + "\n", ""])
def test_a_refused_text_is_refused_again(text: str):
    octets = json.dumps({**json.loads(PAIRS[-1][0]), "signatures": [{"keyid": text, "sig": "AAAA"}]}).encode()
    for _ in range(3):
        with pytest.raises(msgspec.ValidationError, match="regex"):
            msgspec.json.decode(octets, type=_ENVELOPE)


def test_a_twin_is_made_once_and_is_a_kind_of_its_record():
    assert twin(Envelope) is twin(Envelope)
    assert issubclass(_ENVELOPE, Envelope)
