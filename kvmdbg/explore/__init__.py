"""Which of the enabled actions to take. The default schedule is here; the search over all of them will be its neighbour."""
