"""Training of networks from a data set and a recipe, reported as a stream of records."""
