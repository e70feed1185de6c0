"""Plans: the rate limits and the caps of consumers, as rows that each process reads every few seconds."""
