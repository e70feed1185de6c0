"""Objects by key, in a local folder or in a bucket of the S3 API."""
