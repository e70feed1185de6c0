"""The life of the API's versions: what stage each is in, who still depends on it, and when it may end."""
