"""in-toto layouts and their links: a chain of steps, each done by somebody whom a trusted owner named for it.

Why not `in_toto_verify`: it runs the inspections of a layout as commands, reads links from whatever directory it is
pointed at, and asks the clock whether the layout has expired. The `in_toto` library does here what it does well, on
values: signatures of links, thresholds, artifact rules. Whose layout it is, is asked of the trust file with our own
keys; when it expires, of the time that is judged at.

Always: layout and links as the exact bytes that were signed, in one document, so that they can be judged again. Never:
a command run, a file read, a network asked, because evidence says so.
"""
