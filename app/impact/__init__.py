"""Impact: who would break if a contract changed or a version ended, whom to contact and what to write."""
