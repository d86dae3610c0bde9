"""One file a request bit that the model serves."""
