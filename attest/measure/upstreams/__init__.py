"""LOOK at a server that nobody can measure here: who shows itself at its address, and what tools it describes.

Why: a server on another machine has no files and no process to look at. Always: a new connection, its peer held against
the sealed identity before a byte is sent; bounded sizes and times. Never: a redirect followed, a token sent, a tool
called.
"""
