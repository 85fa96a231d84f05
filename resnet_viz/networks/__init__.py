"""From a spec to a network: blocks, shortcuts, initial weights and the table of layers."""
