"""The promises: one folder for each version of the API, over one core."""
