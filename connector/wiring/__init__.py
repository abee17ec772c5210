"""The composition root: the only room that builds adapters. One module per command, no rules."""
