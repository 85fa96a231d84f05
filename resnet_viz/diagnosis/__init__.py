"""What is wrong with a checkpoint: checks on weights, on images, and on labels."""
