"""One instruction to steps and config changes; one module per instruction."""
