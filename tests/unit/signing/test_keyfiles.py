"""Key files: one PEM block and nothing else, private ones for their owner alone."""

import os
import resource
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from attest.codec.octets import to_base64
from attest.errors import AttestError, MalformedError, RefusedError, UnavailableError
from attest.signing.algorithms import ALGORITHMS
from attest.signing.keyfiles import (
    load_either,
    load_private,
    load_public,
    parse_private,
    parse_public,
    private_pem,
    public_pem,
    write_private,
)
from attest.signing.keys import generate
from tests.access_lists import give_to
from tests.world import SEALER, SECOND_SEALER

PUBLIC = public_pem(SEALER.public)
PRIVATE = private_pem(SEALER)


def block(der: bytes, label: str = "PUBLIC") -> bytes:
    return f"-----BEGIN {label} KEY-----\n{to_base64(der)}\n-----END {label} KEY-----\n".encode()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_key_is_read_back_from_its_files(name, tmp_path):
    key = generate(ALGORITHMS[name])
    path = tmp_path / "k"
    write_private(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_private(path).public == load_either(path) == key.public
    (tmp_path / "k.pub").write_bytes(public_pem(key.public))
    assert load_public(tmp_path / "k.pub") == load_either(tmp_path / "k.pub") == key.public


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_pem_is_the_one_that_other_tools_write(name):
    key = generate(ALGORITHMS[name])
    handle = key._handle
    from cryptography.hazmat.primitives.serialization import NoEncryption, PublicFormat

    assert private_pem(key) == handle.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert public_pem(key.public) == handle.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        PUBLIC + b"\n",
        PUBLIC + b"x",
        PUBLIC + b"\0",
        b"\n" + PUBLIC,
        b"comment\n" + PUBLIC,
        PUBLIC + PUBLIC,
        PUBLIC + public_pem(SECOND_SEALER.public),
        PUBLIC + PRIVATE,
        PRIVATE,
        PUBLIC.replace(b"\n", b"\r\n"),
        PUBLIC.replace(b"PUBLIC", b"RSA PUBLIC"),
        PUBLIC.replace(b"END PUBLIC", b"END PRIVATE"),
        PUBLIC.replace(b"PUBLIC KEY-----\n", b"PUBLIC KEY-----\n\n", 1).replace(b"=\n", b"\n"),
        PUBLIC[:-10],
        PUBLIC.replace(b"=", b""),
        PUBLIC.decode().encode("utf-16"),
        "ä".encode() + PUBLIC,
        block(SEALER.public.spki + b"\0"),
        block(SEALER.public.spki + b"\0\0\0"),
        block(SEALER.public.spki * 2),
        block(SEALER.public.spki[:-1]),
        block(b""),
        block(b"\x30"),
        SEALER.public.spki,
    ],
)
def test_anything_but_one_block_of_one_public_key_is_malformed(octets):
    with pytest.raises(MalformedError) as caught:
        parse_public(octets, where="k.pub")
    assert caught.value.where.startswith("k.pub")


@pytest.mark.parametrize(
    "octets",
    [
        PUBLIC,
        PRIVATE + b"x",
        PRIVATE + PRIVATE,
        PRIVATE + PUBLIC,
        PRIVATE.replace(b"PRIVATE", b"ENCRYPTED PRIVATE"),
        block(SEALER.pkcs8() + b"\0", "PRIVATE"),
        block(SEALER.pkcs8()[:-1], "PRIVATE"),
        block(
            SEALER._handle.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), "PRIVATE"
        ),
    ],
)
def test_anything_but_one_block_of_one_private_key_is_malformed_and_shows_nothing_of_it(octets):
    with pytest.raises(MalformedError) as caught:
        parse_private(octets, where="k")
    assert to_base64(SEALER.pkcs8())[-20:] not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610])
def test_a_private_key_that_others_could_read_is_refused(mode, tmp_path):
    path = tmp_path / "k"
    write_private(path, SEALER)
    path.chmod(mode)
    for load in (load_private, load_either):
        with pytest.raises(RefusedError) as caught:
            load(path)
        assert caught.value.hint == f"chmod 600 {path}"


def test_a_private_key_that_others_could_read_is_refused_whatever_has_its_name_by_the_time_it_was_read(tmp_path):
    path, good = tmp_path / "k", tmp_path / "good"
    write_private(good, SEALER)
    os.mkfifo(path)
    path.chmod(0o644)

    def swap() -> None:
        with path.open("wb") as file:
            # Whoever reads is in the middle of it.
            file.write(PRIVATE)
            good.replace(path)

    with ThreadPoolExecutor() as other:
        swapped = other.submit(swap)
        with pytest.raises(RefusedError):
            load_private(path)
        swapped.result()
    assert load_private(path).keyid == SEALER.keyid


def test_a_private_key_of_its_owner_may_be_read_only(tmp_path):
    path = tmp_path / "k"
    write_private(path, SEALER)
    path.chmod(0o400)
    assert load_private(path).keyid == SEALER.keyid


def test_a_private_key_that_was_handed_to_this_user_alone_may_be_read(tmp_path):
    path = tmp_path / "k"
    write_private(path, SEALER)
    give_to(path, os.geteuid())
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert load_private(path).keyid == SEALER.keyid


def test_a_private_key_that_was_handed_to_another_user_is_refused(tmp_path):
    path = tmp_path / "k"
    write_private(path, SEALER)
    give_to(path, os.geteuid() + 1)
    with pytest.raises(RefusedError):
        load_private(path)


def test_a_private_key_never_overwrites_and_never_follows_a_link(tmp_path):
    (tmp_path / "k").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("k", "link"):
        with pytest.raises(RefusedError):
            write_private(tmp_path / name, SEALER)
    assert (tmp_path / "k").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_private_key_that_has_no_room_leaves_nothing_behind(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(PRIVATE) - 1, before[1]))
    try:
        with pytest.raises(UnavailableError, match="expected room for a key"):
            write_private(tmp_path / "k", SEALER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_or_written_is_unavailable(tmp_path):
    for load in (load_public, load_private, load_either):
        for path in (tmp_path, tmp_path / "none"):
            with pytest.raises(UnavailableError):
                load(path)
    with pytest.raises(UnavailableError):
        write_private(tmp_path / "none" / "k", SEALER)


def test_a_huge_key_file_is_malformed(tmp_path):
    path = tmp_path / "k"
    path.write_bytes(b"A" * 70_000)
    with pytest.raises(MalformedError, match="at most"):
        load_public(path)


@given(st.binary(max_size=50) | st.binary(max_size=60).map(block))
def test_any_bytes_are_a_key_or_refused_and_nothing_else_happens(octets):
    with pytest.raises(AttestError):
        parse_public(octets, where="k")
