// Pushes signed by the Standard Webhooks library: webhooks.mjs SITE.json. A wrong signature must not be taken.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Webhook } from "standardwebhooks";

const site = JSON.parse(await readFile(process.argv[2], "utf8"));

async function push(payload, { signed = payload, at = new Date() } = {}) {
  const signature = new Webhook(site.push_secret).sign("msg_node_1", at, signed);
  const headers = {
    "webhook-id": "msg_node_1", "webhook-timestamp": String(Math.floor(at.getTime() / 1000)), "webhook-signature": signature,
    "content-type": "application/json",
  };
  const answer = await fetch(`${site.url}/v1/channels/hotline-12345/events`, { method: "POST", body: payload, headers });
  return [answer.status, await answer.json()];
}

const [status, receipt] = await push('{"orderId": "node-1"}');
assert.equal(status, 202);
assert.match(receipt.receipt, /^hotline-12345\./);
assert.equal((await push('{"orderId": "node-2"}', { signed: '{"orderId": "node-1"}' }))[0], 401);
assert.equal((await push('{"orderId": "node-1"}', { at: new Date(Date.now() - 3_600_000) }))[0], 401);
console.log("taken; a changed body and an old signature refused");
