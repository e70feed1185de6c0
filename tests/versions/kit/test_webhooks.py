"""The webhooks of the contracts: one for each type of event, and the body of each has the declared schema."""
