"""Many pictures explained by the same methods: sources, the run, its tables."""
