"""The whole line on a real MCP server, as a user would drive it: real package, real client, real processes.

Why: to be believed, it has to be seen. Always: the commands a user would type, their real exit codes, a check after
each step. Never: a result that was not measured; what is only played (the builder) is called that.
"""
