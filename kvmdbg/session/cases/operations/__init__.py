"""One file for each thing that a step can do. Each declares itself with `@operation`."""
