"""A department over plain NATS, with nats-py: takes what waits in its queue, reads it, signs for it.

usage: department.py nats://127.0.0.1:4222 jb-education KEY_FILE
"""

import asyncio
import json
import sys
from pathlib import Path

import nats

server, department, key_file = sys.argv[1:4]


async def main():
    # The key's name is the user, its secret the password, and answers come to the user's own inbox.
    client = await nats.connect(
        server,
        user=department,
        password=Path(key_file).read_text().strip(),
        inbox_prefix=f"_INBOX_{department}".encode(),
    )

    async def ask(subject, body):
        answer = await client.request(subject, json.dumps(body).encode(), timeout=10)
        return json.loads(answer.data)

    # The hub made the consumer: it is only bound to, never created.
    queue = await client.jetstream().pull_subscribe_bind(consumer=department, stream="QUEUES")
    try:
        messages = await queue.fetch(5, timeout=5)
    except nats.errors.TimeoutError:
        messages = []
    for message in messages:
        entry = json.loads(message.data)
        case, n = entry["case_id"], entry["n"]
        print(entry["number"], entry["kind"], entry["matter"], entry["rule"])
        # What was withdrawn is no longer ours to read.
        if entry["kind"] != "withdraw":
            opened = await ask(f"open.{department}", {"case": case, "n": n})
            print("  opened:", sorted(opened["content"]) if "content" in opened else opened)
        # The id is the sender's own: sent again, the command gives the first answer. A case that comes back has another n.
        done = await ask(f"command.{department}.sign_for", {"id": f"sign-{case}-{n}", "case": case, "n": n})
        print("  sign_for:", done.get("result", done))
        # Signed for, or no longer ours to sign for. Anything else may pass, and the entry comes again.
        if "result" in done or done.get("refusal", {}).get("code") in ("dead_entry", "not_yours"):
            await message.ack_sync()
    await client.close()


asyncio.run(main())
