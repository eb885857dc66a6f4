"""Tar archives, read strictly and as a stream: whatever two readers could read apart is refused.

Why own code: the usual readers are made to get at the content of damaged and odd archives, and disagree about them
(which of two sizes counts, where a name ends, what follows a bad header). Here only one reading is left, or none.
Always: bounded memory, bounded sizes and counts. Never: anything written to disk, a link followed.
"""
