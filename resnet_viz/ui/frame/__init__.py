"""What every page shares: the shell, words, messages, charts, components."""
