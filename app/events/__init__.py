"""Whatever happened, as rows written in the transaction of the change."""
