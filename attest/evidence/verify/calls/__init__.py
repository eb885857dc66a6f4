"""Judge what a portal permitted, denied and got back, from the evidence alone: the sealed rules, the log, nothing else.

Why: a receipt of a decision is worth what a stranger can find wrong with it. Always: imported only for files that have
such receipts, or references with tool rules; what is kept does not grow with the log. Never: an argument or a result,
except where its owner disclosed it.
"""
