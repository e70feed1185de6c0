"""Messages to single users, which they read in lists and on live connections."""
