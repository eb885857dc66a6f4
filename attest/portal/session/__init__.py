"""A session of one caller with one server, sans-I/O: bytes in, effects out; no clock, no sockets, no randomness.

Why: what decides has to be tested without anything that could be slow, lost or out of order. Always: original bytes
are what is forwarded. Never: a message re-encoded on its way, or read by two readers that could disagree.
"""
