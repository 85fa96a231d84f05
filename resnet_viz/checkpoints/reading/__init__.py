"""Read weights files. Nothing is unpickled anywhere else."""
