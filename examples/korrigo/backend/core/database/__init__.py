"""Django's PostgreSQL, with today's password. See base.py, where Django looks for it."""
