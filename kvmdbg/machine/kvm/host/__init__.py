"""One file a host event."""
