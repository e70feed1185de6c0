"""Dependencies that handlers of any version may ask for, one module per feature."""
