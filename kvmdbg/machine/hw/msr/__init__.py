"""One file for each model-specific register or family of them. Each declares itself with `msr` or `kept_msr`."""
