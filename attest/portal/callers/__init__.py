"""Who is calling: from what came with a request over HTTP to a principal of the sealed rules, or nobody.

Why: a limit or an allow-list is worth what the name is worth that it counts for. Always: proven by a token of the
portal's own file, a signature or a client certificate; the principal is one that the reference names. Never: what a
caller says of itself (`clientInfo`), a token in a log, an error or a receipt, a token handed on to the server.
"""
