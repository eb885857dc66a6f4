"""Who else may use a key file is read from its mode and its access control list."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.signing.access import names_only, others_may_use
from tests.access_lists import GROUP, GROUP_OBJ, NO_ID, OTHER, READ, USER, access_list, give_to, given_to

ME = 1000


def test_a_list_that_names_this_user_alone_lets_nobody_else_in():
    assert names_only(access_list(*given_to(ME)), ME)


@pytest.mark.parametrize(
    "entry",
    [(USER, READ, ME + 1), (GROUP, READ, ME), (GROUP_OBJ, READ, NO_ID), (OTHER, READ, NO_ID), (0x40, READ, NO_ID)],
    ids=["another user", "a named group", "the file's group", "all others", "an unknown tag"],
)
def test_a_list_that_grants_anybody_else_something_does(entry):
    assert not names_only(access_list(*given_to(ME), entry), ME)
    tag, _, who = entry
    assert names_only(access_list(*given_to(ME), (tag, 0, who)), ME)


@pytest.mark.parametrize(
    "octets",
    [b"", access_list(), access_list(*given_to(ME), version=1), access_list(*given_to(ME)) + b"\0"],
    ids=["nothing", "no entries", "another version", "a piece of an entry"],
)
def test_what_is_no_list_grants_everything(octets):
    assert not names_only(octets, ME)


@given(st.binary(max_size=64))
def test_any_bytes_are_judged(octets):
    assert names_only(octets, ME) in {True, False}


def test_a_mode_that_lets_others_in_is_not_mended_by_a_list(tmp_path):
    path = tmp_path / "k"
    path.write_bytes(b"")
    give_to(path, os.geteuid())
    path.chmod(0o444)
    with path.open() as file:
        assert others_may_use(file.fileno())
