"""EPICS for Osprey: Channel Access and PV Access in batches, with real completion status.

`plugin` and `settings` are light and import no control-system library. `connector` holds the implementation
of the `Connector` protocol; what it stands on, from the ground up:

- `libca`: the C functions, typed; `dbr`: their data, decoded and encoded; `names`: record, field, modifier;
- `environment`: the address lists of one context; `batch`: requests that share one absolute deadline;
- `context`: the one thread that speaks to one Channel Access context; `switchboard`: what that thread does;
  `answers`: what libca's own threads do;
- `putting`: what a failed put means; `monitors`: updates, latest or buffered; `exchange`: a batch sent and awaited;
- `readings`, `record_facts`, `description`, `survey`, `endpoints`: what is told of a channel, its record, its servers.

`pva` is the same for PV Access, and stands on the batches, subscriptions and record facts of this room.
"""
