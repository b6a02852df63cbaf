"""What the hub really stored and answers, as files to be held against its schemas: collect.py SITE.json FOLDER."""

import asyncio
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import nats
import nats.js.errors

SITE, FOLDER = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
#: Where what is on a subject belongs. Keys are wrapped, and seen by nobody else: they have a schema for restores.
SCHEMAS = {"case": "events", "entry": "entry", "alias": "alias", "queue": "entry", "key": "key-ring"}


async def stored():
    told = SITE["nats"]
    client = await nats.connect(told["url"], user=told["user"], password=told["password"])
    manager = client.jsm()
    kept = {}
    for stream in ["CASES", "QUEUES", "KEYS"]:
        state = (await manager.stream_info(stream)).state
        for sequence in range(state.first_seq, state.last_seq + 1):
            try:
                message = await manager.get_msg(stream, sequence)
            except nats.js.errors.NotFoundError:
                continue
            schema = SCHEMAS[message.subject.split(".")[0]]
            kept.setdefault(schema, []).append(json.loads(message.data))
    await client.close()
    return kept


def answered(path, key):
    request = urllib.request.Request(SITE["url"] + path, headers={"Authorization": f"Bearer {SITE['keys'][key]}"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def refused(path, key):
    try:
        answered(path, key)
    except urllib.error.HTTPError as error:
        return json.loads(error.read())
    sys.exit(f"collect: {path} was to be refused")


def main():
    kept = asyncio.run(stored())
    receipts = [f"hotline-12345.{n}" for n in range(1, 5)]
    kept["receipt"] = [answered(f"/v1/receipts/{receipt}", "desk") for receipt in receipts]
    kept["problem"] = [refused("/v1/cases/HL-0000-0000-0000", "desk"), refused("/v1/cases?limit=0", "desk"), refused("/v1/queue", "desk")]
    for schema, found in kept.items():
        for number, message in enumerate(found):
            path = FOLDER / schema / f"{number}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(message, ensure_ascii=False))
    missing = {"events", "entry", "alias", "key-ring", "receipt", "problem"} - kept.keys()
    if missing:
        sys.exit(f"collect: the hub stored nothing to hold against {', '.join(sorted(missing))}")
    print(", ".join(f"{len(found)} {schema}" for schema, found in sorted(kept.items())))


main()
