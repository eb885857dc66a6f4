"""Inventories: the documents that name the parts of a server, SBOMs and lock files, each read into `Component`s.

Why: most files of a real server come from parts that somebody else built; an inventory says which ones belong there.
Always: the digest of an archive, the digest of a file and no digest are told apart, as `Component` tells. Never: a part
dropped because it cannot be identified; a digest of MD5 or SHA-1 taken for one; a second document fetched or followed.
"""
