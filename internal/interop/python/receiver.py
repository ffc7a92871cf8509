"""A receiver of logging.handlers.SocketHandler, as the logging cookbook has it.

receiver.py PORT FILE: each message is a 4-byte big-endian length and a pickled
dict, which logging.makeLogRecord makes a LogRecord of. What the record is then
is written to FILE as JSON, a line each, before the next message is read.
"""

import io
import json
import logging
import pickle
import socketserver
import struct
import sys
import threading


class PlainUnpickler(pickle.Unpickler):
    """Reads plain types alone: a record that names a class is refused."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name} is no plain type")


ordinary = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
formatter = logging.Formatter()


def row(record):
    attributes = vars(record)
    return {k: attributes.get(k) for k in ordinary} | {
        "message": record.getMessage(),
        "knownlevel": logging.getLevelName(record.levelno),
        "formatted": formatter.format(record),
        "extra": {k: v for k, v in attributes.items() if k not in ordinary},
    }


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            head = self.rfile.read(4)
            if len(head) < 4:
                return
            (size,) = struct.unpack(">L", head)
            body = self.rfile.read(size)
            if len(body) < size:
                return
            write(body)


def write(body):
    try:
        line = json.dumps(row(logging.makeLogRecord(PlainUnpickler(io.BytesIO(body)).load())), default=repr)
    except Exception as error:  # whatever it is, the judge has to see that something came
        line = json.dumps({"error": repr(error)})
    with lock:
        out.write(line + "\n")
        out.flush()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


lock = threading.Lock()
out = open(sys.argv[2], "a", encoding="utf-8")
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
