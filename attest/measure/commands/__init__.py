"""What a command will really run: `npx`, `uvx`, `node`, `python -m` and their like, told by reading files only."""
