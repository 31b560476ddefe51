"""The command line: parse, call, print, exit code.

`program` has the root command and the exit codes; every other module is a family of commands, which
`program` registers. What takes long to import is imported inside the commands, so that `--help`
stays quick.
"""

from usummary.cli.program import main

__all__ = ["main"]
