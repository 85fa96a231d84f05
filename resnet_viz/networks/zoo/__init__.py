"""Other architectures, unmodified, for comparison: torchvision's networks, LeNet-5, backbones."""
