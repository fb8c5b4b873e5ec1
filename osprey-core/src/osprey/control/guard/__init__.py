"""The guard, the one door to every machine. Start with `guard.guard`; the order of the checks stands in `checks`.

`judging` judges a batch (`survey` asks the machine, `checks` decide), `standing` looks at an approved request
before its claim, `apply` claims it and walks its groups (`second_look`, `putting`, `sending`, `readback`),
`recovery` records what a dead process left, `reports` puts it into words, `server` and `client` are the
guard as a process of its own. From outside this room import `osprey.control`, which gives `guard_of`.
"""
