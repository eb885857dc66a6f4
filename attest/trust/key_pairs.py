"""A key pair as files: the private key, the public one, and the revocation that its owner keeps elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from attest.codec.files import write_file
from attest.errors import RefusedError
from attest.signing.algorithms import ALGORITHMS
from attest.signing.dsse import encode_envelope
from attest.signing.keyfiles import public_pem, write_private
from attest.signing.keys import generate
from attest.trust.revoking import self_revocation


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """Where the three files of a new key lie, and what it is called."""

    keyid: str
    private: Path
    public: Path
    revocation: Path


def make_key_pair(out: Path, algorithm: str, *, at: int) -> KeyPair:
    """Make a key and write OUT (0600), OUT.pub and OUT.revoke; none of them may exist (`RefusedError`).

    `at` is the time in milliseconds from which the revocation, once published, makes the key void: its birth.
    """
    pair_paths = (out, out.with_name(f"{out.name}.pub"), out.with_name(f"{out.name}.revoke"))
    for path in pair_paths:
        if path.exists() or path.is_symlink():
            raise RefusedError(str(path), "no file of that name", "one", hint="choose another name")
    key = generate(ALGORITHMS[algorithm])
    private, public, revocation = pair_paths
    write_private(private, key)
    write_file(public, [public_pem(key.public)])
    write_file(revocation, [encode_envelope(self_revocation(key, at=at)), b"\n"])
    return KeyPair(keyid=key.keyid, private=private, public=public, revocation=revocation)
