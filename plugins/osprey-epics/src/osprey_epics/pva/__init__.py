"""PV Access through p4p, the extra `osprey-epics[pva]`.

`settings` is light. `connector` holds the implementation of the `Connector` protocol; what it stands on, from the
ground up: `names` (channel, and path into its structure), `structures` (p4p's values decoded), `encoding` (values for
puts), `client` (the one thread that speaks to one p4p context), `watching` (monitors), `readings` (what is told).
Requests, batches, subscriptions and the facts of records are those of Channel Access.
"""
