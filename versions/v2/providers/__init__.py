"""Sign-in with providers, and identities, in v2."""
