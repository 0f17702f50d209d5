# A client of the chunked upload with pyzmq, as somebody might write it who knows the contract alone.
import sys
import time
import zlib

import zmq

ENDPOINT = sys.argv[1]
CONTEXT = zmq.Context()


class Client:
    """A DEALER, or with kind=zmq.REQ one that asks one thing at a time."""

    def __init__(self, kind=zmq.DEALER):
        self.socket = CONTEXT.socket(kind)
        self.socket.linger = 0
        self.socket.rcvtimeo = 20_000
        self.socket.sndtimeo = 20_000
        self.socket.connect(ENDPOINT)

    def send(self, *fields):
        self.socket.send_multipart([encode(field) for field in fields])

    def answer(self):
        return [frame.decode() for frame in self.socket.recv_multipart()]

    def ask(self, *fields):
        self.send(*fields)
        return self.answer()

    def ready(self, *fields):
        answer = self.ask(*fields)
        assert answer == ["READY"], f"{show(fields)}: {answer}"

    def error(self, *fields):
        answer = self.ask(*fields)
        assert len(answer) == 2 and answer[0] == "ERROR", f"{show(fields)}: {answer}"
        return answer[1]

    def close(self):
        self.socket.close()


def encode(field):
    if isinstance(field, int):
        return b"%d" % field
    return field.encode() if isinstance(field, str) else field


def show(fields):
    return [encode(field)[:40] for field in fields]


def chunk(name, offset, data, checksum=None):
    if checksum is None:
        checksum = "%08x" % zlib.crc32(data)
    return "CHUNK", name, offset, len(data), checksum, data


def contents(name, size):
    """Bytes that nobody would mistake for another file's."""
    piece = (name + "|").encode() * 20_000
    return (piece * (size // len(piece) + 1))[:size]


def expect(text, *parts):
    for part in parts:
        assert part in text, f"expected {part!r} in {text!r}"
