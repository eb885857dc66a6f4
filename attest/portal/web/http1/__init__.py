"""HTTP/1.1 to one server: what a portal needs of it, read strictly, and nothing else.

`heads` and `reader` know no sockets; `connection` carries one exchange after the other; `client` keeps connections.
"""
