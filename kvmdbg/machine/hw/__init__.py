"""What the processor does. Every rule cites the Intel SDM (or, from the issue that brings AMD, the APM)."""
