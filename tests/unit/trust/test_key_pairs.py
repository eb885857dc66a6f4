"""The three files of a new key."""

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa

from attest.errors import RefusedError
from attest.signing.algorithms import ALGORITHMS
from attest.signing.dsse import read_envelope
from attest.signing.keyfiles import load_private, load_public
from attest.signing.keyring import KeyRing
from attest.statement.predicates.runtime_revocation import PREDICATE_TYPE, Revoked, RuntimeRevocation
from attest.statement.statement import findings_subject, open_statement
from attest.trust.key_pairs import make_key_pair
from tests.commands import attest
from tests.world import NOW


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_new_key_is_private_public_and_can_void_itself(algorithm, tmp_path):
    pair = make_key_pair(tmp_path / "k", algorithm, at=NOW)
    assert stat.S_IMODE(pair.private.stat().st_mode) == 0o600
    public = load_public(pair.public)
    assert public.keyid == load_private(pair.private).keyid == pair.keyid
    ring = KeyRing(role="owner", keys=(public,))
    envelope = read_envelope(pair.revocation.read_bytes(), where="k.revoke")
    statement = open_statement(envelope, ring, PREDICATE_TYPE, RuntimeRevocation, where="k.revoke").value
    revocation = statement.predicate.revocation
    assert revocation is not None
    assert (revocation.kind, revocation.digest) == (Revoked.KEY, pair.keyid)
    assert statement.subject == findings_subject(revocation)


@pytest.mark.parametrize("name", ["k", "k.pub", "k.revoke"])
def test_no_file_is_overwritten(name, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(RefusedError):
        make_key_pair(tmp_path / "k", "ed25519", at=NOW)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_dangling_link_is_not_followed(tmp_path):
    (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError):
        make_key_pair(tmp_path / "k", "ed25519", at=NOW)
    assert not (tmp_path / "elsewhere").exists()


def test_where_the_library_lacks_the_algorithm_nothing_is_left_behind(monkeypatch, tmp_path):
    monkeypatch.delattr(mldsa, "MLDSA65PrivateKey")
    done = attest(tmp_path, "key", "new", "k", "--algorithm", "ml-dsa-65")
    assert done.returncode == 6
    assert b"hint: python -m pip install --upgrade 'cryptography>=48'" in done.stderr
    assert list(tmp_path.iterdir()) == []
