"""Container images as OCI layouts (image-spec 1.1): from an index down to the files that a container sees.

Why own code: tools that unpack images write files; here only digests are wanted, nothing may be written, and what two
runtimes would unpack differently has to be refused. Always: every blob by digest and size. Never: a registry asked.
"""
