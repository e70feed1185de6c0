"""Personal migration guides: the sections of a guide that the usage of one user touches, as a mail and as a page."""
