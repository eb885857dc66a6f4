"""Verify Sigstore bundles offline: signature, certificate, log and time, down to the keys of a trusted root.

Why a verifier of our own, beside the `sigstore` package that is installed anyway (4.5.1, measured): it refuses entries
of kind intoto 0.0.2 (half of the real build provenance out there), bundles with a signed entry timestamp alone (more
than a third, all of version 0.1), and everything signed with a publisher's key (npm's publish attestations); it pools
all certificates of a CA as anchors, never compares the windows of CAs and logs with the time of signing, wants a
writable home and takes half a second to start. It stays what it is good at: refreshing roots through TUF, signing, and
the second opinion in the differential test. What is cryptography here lies in `attest.signing`.

Always: bytes that were signed are handed on as they were; a `VerifiedBundle` is made by verification alone. Never: a
certificate, a key or a time believed because the bundle holds it.
"""
