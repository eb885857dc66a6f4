"""What a caller may do with a server, and what it did: the sealed tool rules, and what receipts say of one call.

Why: a build says nothing of use. Always: what is not named is not allowed; the rules stand in the sealed reference and
nowhere else. Never: an argument or a result by itself, only commitments to their exact bytes.
"""
