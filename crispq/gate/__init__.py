"""From a plan to a verdict: plan, judge and verdict decide and touch nothing; run measures and decides nothing."""
