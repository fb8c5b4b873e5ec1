"""The desk as a service: other users of the host see the inbox and decide, each from an account of their own.

`server` holds the project and takes decisions at `osprey.approval.desk`; `client` needs neither the project nor its
configuration. Who is at the other end is the operating system's word (`callers`), never a message's (`messages`).
The command line may import all of it.
"""
