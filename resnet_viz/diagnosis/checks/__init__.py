"""The checks of a diagnosis, on weights, images and labels; each yields findings."""
