"""A server that an agent measures: its log followed, and permits only while that says that the server is as sealed.

The portal starts nothing here, and looks at no file of the server; it reads what the agent signed.
"""
