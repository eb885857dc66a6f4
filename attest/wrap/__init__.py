"""Put the servers of a configuration behind the portal, and take them from there again.

Why: nobody protects what takes an hour a server. Always: what really executes is found and sealed before a
configuration names the portal; what stays unprotected is said, with the reason; the bytes from before are kept. Never:
another byte of a configuration changed than those of command and arguments; a value of an environment copied; a network
asked, a server started.
"""
