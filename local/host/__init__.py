"""The embedded host: runs the very functions that Azure runs, over the embedded adapters."""
