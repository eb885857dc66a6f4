"""Certificates in a time stamp are put in order, and nothing else of it changes."""

from __future__ import annotations

import itertools

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from rfc3161_client import decode_timestamp_response

from attest.signing.certificate_order import sort_certificates
from attest.signing.timestamps import make_request
from tests.sigstore_world import TSA, TSA_ROOT
from tests.time_stamping import OTHER, answer_to

REQUEST = make_request(b"signed").octets
SENT = tuple(sorted((TSA, TSA_ROOT, OTHER), key=lambda each: each.public_bytes(Encoding.DER), reverse=True))
"""As no reader of DER takes them."""
ANSWER = answer_to(REQUEST, embedded=SENT)


@pytest.mark.parametrize("order", tuple(itertools.permutations(range(3))))
def test_any_order_becomes_the_one_that_can_be_read(order: tuple[int, ...]):
    answer = answer_to(REQUEST, embedded=tuple(SENT[at] for at in order))
    found = decode_timestamp_response(sort_certificates(answer))
    assert {bytes(each) for each in found.signed_data.certificates} == {
        each.public_bytes(Encoding.DER) for each in SENT
    }


def test_nothing_but_the_order_changes_and_only_once():
    ordered = sort_certificates(ANSWER)
    assert ordered != ANSWER
    assert sorted(ordered) == sorted(ANSWER)
    assert sort_certificates(ordered) == ordered


def test_an_answer_without_certificates_stays_as_it_is():
    answer = answer_to(REQUEST, embedded=())
    assert sort_certificates(answer) == answer


@given(octets=st.binary(max_size=64))
def test_what_is_no_answer_comes_back_as_it_was(octets: bytes):
    assert sort_certificates(octets) == octets


@given(choice=st.data())
def test_a_damaged_answer_keeps_its_bytes(choice: st.DataObject):
    place = choice.draw(st.integers(0, len(ANSWER) - 1))
    damaged = ANSWER[:place] + choice.draw(st.binary(max_size=3)) + ANSWER[place + 1 :]
    assert sorted(sort_certificates(damaged)) == sorted(damaged)
