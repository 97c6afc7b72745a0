"""`python -m lithify`: the command, for where no script of it is in PATH."""

from lithify.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
