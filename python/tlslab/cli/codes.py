"""Exit codes."""

#: All is well.
FINE = 0
#: A defect or failure was found where none should be.
FAILURE = 1
#: What was asked cannot be.
USAGE = 2
#: Someone pressed Ctrl-C; what was done until then was printed.
INTERRUPTED = 130
