"""From a network and images to measurements, in one pass and without a trace."""
