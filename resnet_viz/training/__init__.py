"""From data and a recipe to trained weights, one record an epoch."""
