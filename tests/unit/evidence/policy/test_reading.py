"""A policy is read strictly: what it cannot mean is said with its place, and with what was probably meant."""

from __future__ import annotations

from typing import get_args

import pytest

from attest.errors import MalformedError
from attest.evidence.policy.document import MAX_POLICY_BYTES, POLICY_SCHEMA, ProvenAxis
from attest.evidence.policy.reading import read_policy
from attest.evidence.verdict import Axis
from tests.policies import exception, policy_of
from tests.policy_documents import POLICY


def refused(text: str) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        policy_of(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "meant"),
    [
        ("[measure]\nmin-cycles = 1", "attest-policy.toml", "measured"),
        ("[measured]\nmin_cycles = 1", "attest-policy.toml: measured", "min-cycles"),
        ("[measured]\nmax-age-second = 1", "attest-policy.toml: measured", "max-age-seconds"),
        ("[assurance]\nMin-Built = 1", "attest-policy.toml: assurance", "min-built"),
        ("[runtime-assurance]\nleat = 'built'", "attest-policy.toml: runtime-assurance", "least"),
        (exception("policy.site") + "expire = 2026-12-31", "exceptions, number 1", "expires"),
    ],
)
def test_an_unknown_key_is_refused_with_its_place_and_the_key_that_was_meant(text: str, place: str, meant: str) -> None:
    error = refused(text)
    assert error.where.endswith(place)
    assert error.hint == f"did you mean {meant}?"


def test_an_unknown_key_that_is_like_none_is_refused_without_a_guess() -> None:
    assert refused("[calls]\nxyzzy = 1").hint is None


@pytest.mark.parametrize("key", ["a\\u001b[2J", "a\\u202e", "x" * 5000])
def test_an_unknown_key_cannot_drive_a_terminal(key: str) -> None:
    message = str(refused(f'"{key}" = 1'))
    assert message.isprintable()
    assert len(message) < 600


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[measured]\nmin-cycles = '6'", "measured: $.min-cycles"),
        ("[measured]\nmin-cycles = true", "measured: $.min-cycles"),
        ("[assurance]\nmin-built = 1.5", "assurance: $.min-built"),
        ("[assurance]\nmin-built = nan", "assurance: $.min-built"),
        ("[site]\nallowed = 'x'", "site: $.allowed"),
        ("site = 1", "site"),
        ("exceptions = 1", "$.exceptions"),
        ("[required]\ntier = 'structural'\n[measured]\nmin-cycles = 2", "required.tier"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_its_place(text: str, place: str) -> None:
    assert refused(text).where.endswith(place)


def test_a_policy_without_its_schema_or_of_another_format_is_refused() -> None:
    for octets in (b"", b'schema = "https://mcp-attest.github.io/schemas/tools/v0.1"'):
        with pytest.raises(MalformedError):
            read_policy(octets, where="p")


def test_the_digest_is_that_of_the_very_bytes() -> None:
    assert read_policy(POLICY, where="p").sha256 != read_policy(POLICY + b"# reviewed\n", where="p").sha256


def test_an_integer_of_too_many_digits_and_a_file_that_is_too_long_are_malformed() -> None:
    assert "TOML" in str(refused(f"x = {'9' * 5000}"))
    with pytest.raises(MalformedError, match=str(MAX_POLICY_BYTES)):
        read_policy(b"#" * (MAX_POLICY_BYTES + 1), where="p")


def test_every_axis_but_that_of_policies_can_be_demanded() -> None:
    names = ", ".join(f"'{axis.value}'" for axis in Axis if axis is not Axis.POLICY)
    policy_of(f"[required]\nproven-axes = [{names}]")
    assert set(get_args(ProvenAxis)) == {axis.value for axis in Axis} - {"policy"}


def test_the_schema_of_the_record_is_the_one_of_the_constant() -> None:
    assert policy_of("").document.schema == POLICY_SCHEMA
