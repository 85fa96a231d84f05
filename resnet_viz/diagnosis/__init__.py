"""Diagnose checkpoints: checks of the weights, on images and on labelled images."""
