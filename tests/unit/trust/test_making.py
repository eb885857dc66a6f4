"""Trust files that a program makes, and what people type for them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import instant
from attest.errors import MalformedError
from attest.trust.making import (
    BuilderIdentity,
    BuilderKey,
    make_trust,
    parse_builder_argument,
    parse_builder_identity_argument,
    write_trust,
)
from attest.trust.trust import parse_trust
from tests.world import BUILDER, NOW, SEALER, SECOND_BUILDER, SECOND_SEALER, SOURCE, VERIFIER, WITNESS, WRITER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b=k.pub", ("b", Path("k.pub"), 1)),
        ("b=k.pub@0", ("b", Path("k.pub"), 0)),
        ("https://b.example/x@refs/tags/v1=keys/k.pub@3", ("https://b.example/x@refs/tags/v1", Path("keys/k.pub"), 3)),
        ("https://b.example/?a=b=k.pub@2", ("https://b.example/?a=b", Path("k.pub"), 2)),
        ("b@2=k.pub", ("b@2", Path("k.pub"), 1)),
        ("b=k@host.pub", ("b", Path("k@host.pub"), 1)),
        ("b=k.pub@1@2", ("b", Path("k.pub@1"), 2)),
    ],
)
def test_a_builder_argument_is_split_from_the_right(text, expected):
    assert parse_builder_argument(text) == expected


@pytest.mark.parametrize("text", ["", "b", "=k.pub", "b=", "b=@2", "b@2", "b=k.pub@4", "b=k.pub@10", "b=k.pub@01"])
def test_a_builder_argument_of_another_form_is_malformed(text):
    with pytest.raises(MalformedError):
        parse_builder_argument(text)


@given(st.text(min_size=1), st.text("ab/.=@", min_size=1), st.integers(0, 3))
def test_a_builder_argument_says_what_was_put_into_it(name, file, level):
    file = f"{file.replace('=', '')}.pub"
    assert parse_builder_argument(f"{name}={file}@{level}") == (name, Path(file), level)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://c.example/w.yml@https://i.example", ("https://c.example/w.yml", "https://i.example", 1)),
        (
            "https://c.example/w@refs/tags/v1@https://i.example@3",
            ("https://c.example/w@refs/tags/v1", "https://i.example", 3),
        ),
        ("bob@example.com@https://i.example@0", ("bob@example.com", "https://i.example", 0)),
    ],
)
def test_an_identity_argument_is_split_from_the_right(text, expected):
    found = parse_builder_identity_argument(text)
    assert (found.identity, found.issuer, found.max_level) == expected


@pytest.mark.parametrize("text", ["", "x", "x@http://i.example", "x@https://i.example@4", "@https://i.example"])
def test_an_identity_argument_of_another_form_is_malformed(text):
    with pytest.raises(MalformedError):
        parse_builder_identity_argument(text)


def test_keys_and_identities_of_one_builder_become_one():
    identity = BuilderIdentity(identity="b", issuer="https://i.example")
    [builder] = make_trust(builders=[BuilderKey(id="b", key=BUILDER.public), identity]).builders
    assert len(builder.keys) == len(builder.identities) == 1
    with pytest.raises(MalformedError, match="one level"):
        make_trust(builders=[identity, BuilderKey(id="b", key=BUILDER.public, max_level=2)])


def test_a_made_file_reads_back_as_what_it_was_made_from():
    document = make_trust(
        sealers=[SEALER.public, SECOND_SEALER.public],
        writers=[WRITER.public],
        builders=[BuilderKey(id="bauhütte", key=BUILDER.public)],
        verifiers=[VERIFIER.public],
        witnesses=[WITNESS.public],
        sources=[SOURCE, SOURCE],
        expires=NOW,
    )
    octets = write_trust(document)
    assert octets.endswith(b"}\n")
    assert parse_trust(octets, "t").document == document
    assert document.expires == instant.text(NOW)
    assert document.builders[0].max_level == 1
    assert document.builders[0].sources == (SOURCE,)


def test_two_keys_of_one_builder_become_one_builder():
    both = [BuilderKey(id="b", key=key.public, max_level=2) for key in (BUILDER, SECOND_BUILDER)]
    (builder,) = make_trust(builders=both).builders
    assert [key.keyid for key in builder.keys] == [BUILDER.keyid, SECOND_BUILDER.keyid]


def test_a_builder_with_two_levels_is_refused():
    pair = [BuilderKey(id="b", key=BUILDER.public), BuilderKey(id="b", key=SECOND_BUILDER.public, max_level=3)]
    with pytest.raises(MalformedError, match="one level"):
        make_trust(builders=pair)


def test_a_key_in_two_roles_is_refused():
    with pytest.raises(MalformedError, match="in one role"):
        make_trust(sealers=[SEALER.public], writers=[SEALER.public])


@pytest.mark.parametrize("name", ["", "a\nb", "\ud800"])
def test_a_builder_id_that_is_no_line_of_text_is_refused(name):
    with pytest.raises(MalformedError):
        make_trust(builders=[BuilderKey(id=name, key=BUILDER.public)])
