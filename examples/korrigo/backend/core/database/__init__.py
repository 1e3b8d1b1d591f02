"""Django's PostgreSQL engine, with the current password. See base.py, where Django looks for it."""
