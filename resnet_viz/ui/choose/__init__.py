"""Choices that several pages offer: picture, network, weights, uploads."""
