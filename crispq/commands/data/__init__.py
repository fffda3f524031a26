"""`crispq data`: register a version of a table, hold two tables against each other, propose what to expect of one."""
