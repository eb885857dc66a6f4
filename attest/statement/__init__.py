"""What is said: in-toto Statement v1, digests, and the predicates of this project, one file each.

Why: evidence has to be readable by tools that never heard of us. Always: the standard's words, one type URI a meaning.
Never: a good digest as the subject of a negative statement; generic tools would report "verified" for it.
"""
