"""Pictures: hostile bytes to checked RGB, to a normalised batch, and back to PNG."""
