"""JUDGE OF CALLS: one request against the sealed tool rules; values in, a ruling out.

Why: the same rules decide here before a byte is forwarded, and years later in `attest verify`. Always: what no rule
names is refused, what cannot be judged is refused, and each refusal names its row of `kinds.RULES`. Never: a clock, a
file or a socket (time and the resolving of links are handed in), an argument's value in a reason.
"""
