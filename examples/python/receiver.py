"""A receiver for Python's logging, as its cookbook has it, but for what it unpickles.

    python3 receiver.py [PORT]

Records come as the standard library's logging.handlers.SocketHandler sends them: four
bytes of length, big-endian, and a pickled dict. They go to this process's own loggers,
so its configuration says where to: here to stdout.

pickle.loads runs whatever code a pickle names, for anybody who reaches the port. What
slogship sends names nothing, and PlainUnpickler refuses what does.
"""

import io
import logging
import pickle
import socketserver
import struct
import sys

MOST = 4 << 20  # bytes of a record; slogship's are 1 MiB and a little at most by default


class PlainUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name} is no plain type")


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            head = self.rfile.read(4)
            if len(head) < 4:
                return
            (size,) = struct.unpack(">L", head)
            if size > MOST:
                logging.error("a record of %d bytes: connection closed", size)
                return
            body = self.rfile.read(size)
            if len(body) < size:
                return  # the rest comes again, on the next connection
            try:
                record = logging.makeLogRecord(PlainUnpickler(io.BytesIO(body)).load())
            except Exception:
                logging.exception("not a log record")
                continue
            logger = logging.getLogger(record.name)
            # handle, and not log: levels were decided by the sender.
            logger.handle(record)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    # Records of this process's own have no log_id.
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s [%(processName)s %(log_id)s]"
    out = logging.StreamHandler(sys.stdout)
    out.setFormatter(logging.Formatter(line, defaults={"log_id": "-"}))
    logging.getLogger().addHandler(out)
    with Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9020), Handler) as server:
        print("listening on", server.server_address[1], flush=True)
        server.serve_forever()
