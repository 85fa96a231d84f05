"""Load networks with their weights: bundled, published, random, or from a file."""
