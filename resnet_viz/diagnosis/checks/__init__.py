"""The checks of a diagnosis: each reads weights, images or labels and reports findings."""
