// A department over plain NATS, with the package `nats`: takes what waits in its queue, reads it, signs for it.
// usage: node department.mjs nats://127.0.0.1:4222 jb-education KEY_FILE
import { readFileSync } from "node:fs";
import { connect, JSONCodec } from "nats";

const [server, department, keyFile] = process.argv.slice(2);
const json = JSONCodec();

// The key's name is the user, its secret the password, and answers come to the user's own inbox.
const client = await connect({
  servers: server,
  user: department,
  pass: readFileSync(keyFile, "utf8").trim(),
  inboxPrefix: `_INBOX_${department}`,
});
const ask = async (subject, body) => json.decode((await client.request(subject, json.encode(body), { timeout: 10_000 })).data);

// The hub made the consumer: it is only bound to, never created.
const queue = await client.jetstream().consumers.get("QUEUES", department);
for await (const message of await queue.fetch({ max_messages: 5, expires: 5_000 })) {
  const entry = json.decode(message.data);
  const { case_id, n } = entry;
  console.log(entry.number, entry.kind, entry.matter, entry.rule);
  // What was withdrawn is no longer ours to read.
  if (entry.kind !== "withdraw") {
    const opened = await ask(`open.${department}`, { case: case_id, n });
    console.log("  opened:", opened.content ? Object.keys(opened.content).sort() : opened);
  }
  // The id is the sender's own: sent again, the command gives the first answer. A case that comes back has another n.
  const done = await ask(`command.${department}.sign_for`, { id: `sign-${case_id}-${n}`, case: case_id, n });
  console.log("  sign_for:", done.result ?? done);
  // Signed for, or no longer ours to sign for. Anything else may pass, and the entry comes again.
  if (done.result || ["dead_entry", "not_yours"].includes(done.refusal?.code)) await message.ackAck();
}
await client.close();
