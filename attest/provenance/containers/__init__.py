"""What signed statements come in: a bare envelope, a Sigstore bundle, a PyPI attestation; and files of several.

Why: the same statement is judged the same way, whatever carried it. Always: an `Opened` is made by a container that
verified the signature over the very bytes in it. Never: anything in a container believed that is not signed.
"""
