"""Remember: an append-only log of opaque bytes, its Merkle tree (RFC 6962), its signed heads (C2SP), its stores.

Why: nobody, the log's owner included, should be able to drop, change or reorder what was once shown to somebody else.
Always: durable before it is acknowledged; one writer; a head that only grows; every hash bound to a signed checkpoint
before it is built upon; proofs in O(log n) reads.
Never: a look inside a receipt, which is somebody else's language; a repair that loses an acknowledged entry; a log
that goes on although an outside checkpoint knows more of it.
"""
