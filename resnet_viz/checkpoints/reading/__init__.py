"""Files to tensors. The only place where anything is unpickled."""
