"""Starting a server: the closure first, then the program by its descriptor, in a clean environment, apart from us.

Why: a poll sees what a process has become, and only who started it knows how it began. Always: nothing is started that
did not match; what is executed is the file that was hashed; the server ends when we do. Never: a key, a log or a
descriptor of ours in the process that becomes the server.
"""
