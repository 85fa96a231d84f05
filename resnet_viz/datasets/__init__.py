"""Labelled images for training and testing: named data sets and class folders."""
