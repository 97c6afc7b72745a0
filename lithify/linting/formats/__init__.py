"""Forms of a report: one module for each family, found in `table`."""
