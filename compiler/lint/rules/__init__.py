"""One module for each rule: its docstring is its documentation, `check` finds what breaks it."""
