"""Sign-in and sessions in v2."""
