"""Shared by all pages: shell, session, words, messages, charts, components, engines."""
