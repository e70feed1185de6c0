"""Who would break: findings of a comparison, matched with the evidence of how consumers use the old contract."""
