"""Networks as files that run elsewhere: weights, ONNX, PyTorch source, a spec's JSON."""
