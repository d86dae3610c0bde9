"""A state of the machine as plain text, and back: `save` and `load state`."""
