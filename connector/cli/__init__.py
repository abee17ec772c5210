"""The command line: one module per command group. Parses, calls `wiring`, prints."""
