"""Tables of a network's layers, blocks and costs, read from its plan."""
