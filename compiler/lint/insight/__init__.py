"""What several rules need to know of stages, files and commands, found out once; pure."""
