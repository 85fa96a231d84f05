"""Labelled images for training and testing: named sets and class folders."""
