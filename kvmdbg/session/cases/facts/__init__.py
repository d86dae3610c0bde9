"""One file for each thing that an `expect` entry can say. Each declares itself with `@outcome` or `@key`."""
