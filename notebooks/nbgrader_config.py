"""nbgrader's settings for the course's lessons. nbgrader reads this file in the folder where it is called."""

c = get_config()  # noqa: F821 (nbgrader brings it)

# What stands where a student writes. It counts as not attempted, and "Run All" goes on over it.
c.ClearSolutions.code_stub = {"python": "pass  # write your answer here"}

# Seconds that one cell may take. nbgrader's own 30 are too few for a cell that trains a network on a busy computer.
c.ExecutePreprocessor.timeout = 600
