"""One trace from the caller to the mail: recorded cheaply for every request, built and sent for those that are kept."""
