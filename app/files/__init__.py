"""Files of users: a row with what is known about the content, which is an object of the store."""
