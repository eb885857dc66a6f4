"""Whoever watches a portal: told of each receipt once it is on disk, or never will be; beside the session, not in it.

Nothing here holds values of arguments or results, and nothing here can stop a call.
"""
