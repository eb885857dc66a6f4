"""LOOK: collectors for files, wheels and processes. They report what is there and never judge it.

Why: what was seen must not depend on what was hoped for. Always: bounded buffers, no links followed, an error is
reported as an error. Never: a key in this room, code from a tree executed, a missing answer passed off as a good one.
"""
