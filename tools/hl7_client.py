#!/usr/bin/env python3
"""Sends the ADT messages of a folder to a listener of HL7 over MLLP, with a client that is not ours (PyPI: hl7).

    python tools/hl7_client.py 127.0.0.1:2575 ../shared/hl7v2/ssmix2-nho

One line for each message: its MSH-10 and what the answer says. Exits with 1 when an answer is missing, is no
acknowledgement, or names another message than the one that was sent; 2 when there was nothing to send.
"""

import pathlib
import sys

import hl7
from hl7.client import MLLPClient

PATIENCE_S = 30
VERDICTS = {"AA", "AE", "AR", "CA", "CE", "CR"}


def field(message: bytes, number: int) -> str:
    """A field of MSH; the fields that are asked for are ASCII."""
    header = message.split(b"\r", 1)[0]
    fields = header.split(header[3:4])
    return fields[number - 1].decode("ascii") if len(fields) >= number else ""


def samples(folder: pathlib.Path) -> list[tuple[pathlib.Path, bytes]]:
    """The ADT messages below a folder. SS-MIX2 files end in a byte of the frame, which is no part of them."""
    found = []
    for path in sorted(folder.rglob("*")):
        message = path.read_bytes().strip(b"\x0b\x1c\r\n") if path.is_file() else b""
        if message.startswith(b"MSH") and field(message, 9).startswith("ADT"):
            found.append((path, message + b"\r"))
    return found


def answer(client: MLLPClient, message: bytes) -> tuple[str, str, str]:
    """MSA-1, MSA-2 and the first ERR-2 of the acknowledgement."""
    frame = client.send_message(message)
    text = frame.strip(b"\x0b").split(b"\x1c\r")[0].decode("utf-8", "replace")
    acknowledgement = hl7.parse(text)
    msa = acknowledgement.segment("MSA")
    places = [str(segment[2]) for segment in acknowledgement if str(segment[0]) == "ERR"]
    return str(msa[1]), str(msa[2]), next(iter(places), "")


def main() -> int:
    host, _, port = sys.argv[1].rpartition(":")
    messages = samples(pathlib.Path(sys.argv[2]))
    wrong = 0
    with MLLPClient(host, int(port)) as client:
        client.socket.settimeout(PATIENCE_S)
        for path, message in messages:
            expected = field(message, 10)
            try:
                verdict, named, place = answer(client, message)
            except (OSError, KeyError, IndexError, hl7.HL7Exception) as error:
                print(f"{path.name}: NO ANSWER to {expected}: {error!r}")
                wrong += 1
                continue
            good = verdict in VERDICTS and named == expected
            wrong += not good
            said = f"{field(message, 9)}, MSH-10 {expected}, {verdict}, MSA-2 {named}"
            print(f"{path.name}: {'' if good else 'WRONG: '}{said}{f', at {place}' if place else ''}")
    print(f"{len(messages)} messages, {wrong} wrong answers")
    if not messages:
        return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
