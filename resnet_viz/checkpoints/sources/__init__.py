"""Sources of weights: bundled, published, untrained, lesions, zoo networks and backbones."""
