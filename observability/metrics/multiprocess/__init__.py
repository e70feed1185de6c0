"""What the processes of one server count together: a file of each in one folder, and their sum."""
