"""Who says it: keys, DSSE envelopes and C2SP signed notes; the only room that imports `cryptography`.

Why: one place decides what counts as signed. Always: the algorithm comes from the trusted key, the verified bytes are
handed on as they were signed. Never: a key, an algorithm or a threshold taken from the document itself.
"""
