"""Two sealers: each signs on its own, the digest stays, and nothing counts before both have."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from attest.errors import MalformedError, RefusedError, UntrustedError
from attest.signing.dsse import encode_envelope, read_envelope, sign_envelope
from attest.trust.cosigning import cosign, signatures_missing
from attest.trust.document import Thresholds
from attest.trust.making import write_trust
from attest.trust.references import open_reference
from attest.trust.revocations import open_revocations
from attest.trust.trust import Trust
from tests.commands import attest, passed
from tests.documents import REFERENCE_DIGEST, REFERENCE_ENVELOPE
from tests.installed import make_bench
from tests.revoking import of_reference, single
from tests.world import NOW, SEALER, STRANGER, WRITER, make_key, make_trust_file, trust_of, write_key_pair

SECOND, THIRD = make_key("second sealer"), make_key("third sealer")
DOCUMENT = msgspec.structs.replace(make_trust_file(sealers=(SEALER, SECOND, THIRD)), thresholds=Thresholds(sealer=2))
TWO: Trust = trust_of(DOCUMENT)
ONCE = read_envelope(REFERENCE_ENVELOPE, where="reference")


def test_a_reference_counts_once_both_have_signed_and_is_the_same() -> None:
    with pytest.raises(UntrustedError):
        open_reference(encode_envelope(ONCE), TWO, at=NOW, where="reference")
    assert signatures_missing(ONCE, TWO) == 1
    both = cosign(ONCE, SECOND, TWO, at=NOW, where="reference")
    opened = open_reference(encode_envelope(both), TWO, at=NOW, where="reference")
    assert opened.digest == REFERENCE_DIGEST
    assert {key.keyid for key in opened.statement.signers} == {SEALER.keyid, SECOND.keyid}
    assert signatures_missing(both, TWO) == 0


def test_whoever_signs_first_the_envelope_is_the_same() -> None:
    other = sign_envelope(ONCE.payload, SECOND)
    assert cosign(other, SEALER, TWO, at=NOW, where="reference") == cosign(ONCE, SECOND, TWO, at=NOW, where="reference")


def test_a_revocation_counts_once_both_have_signed() -> None:
    line = read_envelope(single(of_reference()), where="revocation")
    both = encode_envelope(cosign(line, SECOND, TWO, at=NOW, where="revocation")) + b"\n"
    assert open_revocations([("both", both)], TWO).of_reference(of_reference().digest, ()) is not None
    with pytest.raises(UntrustedError):
        open_revocations([("one", single(of_reference()))], TWO)


def test_what_must_not_be_signed_is_not() -> None:
    both = cosign(ONCE, SECOND, TWO, at=NOW, where="reference")
    with pytest.raises(RefusedError, match="one by this key already"):
        cosign(ONCE, SEALER, TWO, at=NOW, where="reference")
    with pytest.raises(RefusedError, match=r"fewer than the 2 signature\(s\)"):
        cosign(both, THIRD, TWO, at=NOW, where="reference")
    for key in (STRANGER, WRITER):
        with pytest.raises(UntrustedError, match="the key of a sealer"):
            cosign(ONCE, key, TWO, at=NOW, where="reference")
    with pytest.raises(UntrustedError, match="by a trusted sealer key"):
        cosign(sign_envelope(ONCE.payload, STRANGER), SECOND, TWO, at=NOW, where="reference")
    forged = msgspec.structs.replace(ONCE, payload=ONCE.payload.replace(b"server", b"sERVER", 1))
    with pytest.raises((UntrustedError, MalformedError)):
        cosign(forged, SECOND, TWO, at=NOW, where="reference")
    with pytest.raises((RefusedError, MalformedError)):
        cosign(sign_envelope(b"{}", SEALER), SECOND, TWO, at=NOW, where="reference")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bench = make_bench(tmp_path)
    (tmp_path / "two.json").write_bytes(write_trust(DOCUMENT))
    for name, key in (("sealer", SEALER), ("second", SECOND), ("writer", WRITER)):
        write_key_pair(tmp_path, name, key)
    assert bench.tree == tmp_path / "site"
    return tmp_path


def test_the_verbs_say_what_is_missing_and_how_to_add_it(folder: Path) -> None:
    sealing = ("seal", "site", "--trust", "two.json", "--key", "sealer.key", "--allow-site", "*", "-o", "server.ref")
    sealed = attest(folder, *sealing)
    digest = passed(sealed)
    assert b"counts once 1 more sealer(s) have run: attest sign server.ref" in sealed.stderr
    agent = ("agent", "server.ref", "--trust", "two.json", "--key", "writer.key", "--log", "log", "--once")
    assert attest(folder, *agent).returncode == 4
    signed = attest(folder, "sign", "server.ref", "--trust", "two.json", "--key", "second.key")
    assert passed(signed) == digest
    assert signed.stderr == b""
    passed(attest(folder, *agent))
    update = attest(folder, "update", "server.ref", "--trust", "two.json", "--key", "sealer.key", "--yes")
    assert update.returncode == 5
    assert b"attest sign" in update.stderr
    revoked = attest(folder, "revoke", "server.ref", "--trust", "two.json", "--key", "sealer.key", "-o", "revoked")
    passed(revoked)
    assert b"attest sign revoked" in revoked.stderr
    passed(attest(folder, "sign", "revoked", "--trust", "two.json", "--key", "second.key"))
    assert attest(folder, *agent, "--revocations", "revoked").returncode == 1
