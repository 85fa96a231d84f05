"""Many pictures explained by the same methods: where they come from, the run, and its tables."""
