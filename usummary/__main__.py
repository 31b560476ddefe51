"""`python -m usummary`: the command line."""

from usummary.cli import main

main()
