"""From a phrase to the steps of a plan: which channels are meant, in which units, by which capability."""
