"""Registration, sign-in, sessions and tokens."""
