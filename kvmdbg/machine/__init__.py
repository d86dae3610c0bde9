"""The machine: deterministic data. It knows no screen, clock, file or random number."""
