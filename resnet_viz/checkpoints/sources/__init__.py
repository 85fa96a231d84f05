"""Where weights come from: bundled, published, untrained, the zoo's."""
