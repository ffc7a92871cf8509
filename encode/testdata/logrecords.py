"""Reads pickled log records from stdin as logging's socket receivers do, four
bytes of length before each, and says how many there were. Fails on one that is
not plain, or that a Formatter cannot print."""

import io
import logging
import pickle
import struct
import sys


class Plain(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"names {module}.{name}")


fmt = logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s %(pathname)s:%(lineno)d %(funcName)s %(process)s")
data = sys.stdin.buffer.read()
count = 0
while data:
    (size,) = struct.unpack(">I", data[:4])
    record = Plain(io.BytesIO(data[4 : 4 + size])).load()
    data = data[4 + size :]
    made = logging.makeLogRecord(record)
    assert made.getMessage() == record["msg"]
    assert made.levelname == logging.getLevelName(made.levelno), made.levelname
    assert callable(made.getMessage) and type(made) is logging.LogRecord
    fmt.format(made)
    count += 1
print(count, "records")
