"""Code that all versions share. It defines no field of any version's wire format."""
