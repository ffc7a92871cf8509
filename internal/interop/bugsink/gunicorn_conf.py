"""One process with threads: SQLite has one writer anyhow."""

workers = 1
worker_class = "gthread"
threads = 4
keepalive = 75
control_socket_disable = True
