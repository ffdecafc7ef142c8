"""Starting, watching and ending child processes; the standard library alone.

    up ── control socket ── watch ── child and its group
                            (one a part, in a session of its own)

However `up` ends, also by SIGKILL, its control sockets close, each watcher sees it, and ends
its child's whole group. No kernel feature of one platform is relied on.
"""
