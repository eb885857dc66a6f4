"""What a signature algorithm has to be able to do: one frozen record of functions, a row in `algorithms`."""

from collections.abc import Callable
from typing import Any

import msgspec


class Algorithm(msgspec.Struct, frozen=True, kw_only=True):
    """A signature algorithm: its name, and how keys of it are made, recognised and used.

    The handles are objects of `cryptography`. `load_public` takes a DER SubjectPublicKeyInfo, `load_private` an
    unencrypted DER PKCS#8 key; both raise `ValueError` for a key of another algorithm, and as `generate` does
    `UnavailableError` where the library lacks this one. `verify` answers with a bool and never raises for a bad
    signature. `note_key_id` gives the 4-byte key id of a C2SP signed note from (key name, public handle). `sign_note`
    makes what stands behind that id from (private handle, key name, text, POSIX seconds), and `verify_note` answers
    with a bool to (public handle, key name, text, what stands there): most sign the text itself.
    """

    name: str
    generate: Callable[[], Any]
    load_private: Callable[[bytes], Any]
    load_public: Callable[[bytes], Any]
    pkcs8: Callable[[Any], bytes]
    spki: Callable[[Any], bytes]
    public_half: Callable[[Any], Any]
    sign: Callable[[Any, bytes], bytes]
    verify: Callable[[Any, bytes, bytes], bool]
    note_key_id: Callable[[str, Any], bytes]
    sign_note: Callable[[Any, str, str, int], bytes]
    verify_note: Callable[[Any, str, str, bytes], bool]
