# A server for chunked upload with pyzmq, as somebody might write it who knows the contract alone.
# Arguments: the folder to write to, and what it does beside: "router", "rep", "grumpy", "full", "rude".
import os
import sys
import zlib

import zmq

FOLDER, MANNER = sys.argv[1:3]
transfers = {}
refused = set()


def answer(frames):
    verb, name, *rest = frames
    name = name.decode()
    if verb == b"HELLO":
        if name in transfers or os.path.exists(os.path.join(FOLDER, name)):
            return [b"ERROR", b"that name is taken \x1b[31m"]
        transfers[name] = {}
    elif verb == b"CHUNK":
        offset, size, checksum, data = rest
        offset = int(offset)
        if MANNER == "full":
            return [b"ERROR", b"no room"]
        if MANNER == "grumpy" and (name, offset) not in refused:
            refused.add((name, offset))
            return [b"ERROR", b"not now"]
        if int(size) != len(data) or checksum.decode() != "%08x" % zlib.crc32(data):
            return [b"ERROR", b"that is damaged"]
        if offset in transfers[name]:
            return [b"ERROR", b"that is here already"]
        transfers[name][offset] = data
    elif verb == b"CLOSE":
        parts = transfers.pop(name)
        whole = b"".join(parts[offset] for offset in sorted(parts))
        if len(whole) != int(rest[0]):
            return [b"ERROR", b"that is another size"]
        with open(os.path.join(FOLDER, name), "wb") as file:
            file.write(whole)
    else:
        return [b"ERROR", b"what?"]
    return [b"READY"]


context = zmq.Context()
socket = context.socket(zmq.REP if MANNER == "rep" else zmq.ROUTER)
port = socket.bind_to_random_port("tcp://127.0.0.1")
print(f"tcp://127.0.0.1:{port}", flush=True)
while True:
    frames = socket.recv_multipart()
    if MANNER == "rep":
        socket.send_multipart(answer(frames))
    elif MANNER == "rude":
        socket.send_multipart([frames[0], b"HELLO", b"yourself"])
    else:
        socket.send_multipart([frames[0], *answer(frames[1:])])
