"""Conformance cases: facts that other projects' test-suites assert, read, bound to addresses and run on the model."""
