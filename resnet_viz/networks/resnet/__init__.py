"""Our own networks: a plan's parts as modules, initial weights, and ``build``."""
