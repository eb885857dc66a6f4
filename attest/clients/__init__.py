"""The clients of MCP servers: where each keeps its configuration, and which servers that starts.

Why: what an AI agent may call is written in files of many programs, in a few forms. Always: foreign files, read
strictly and with a bound; a file that cannot be read is a complaint about that file, and the others are read. Never: a
value of an environment, an address's query or a header shown to anybody, since secrets stand there.
"""
