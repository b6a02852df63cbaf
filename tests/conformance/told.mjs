// What the hub told the hotline, proven by the Standard Webhooks library: told.mjs SITE.json. What was changed must not prove.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const site = JSON.parse(await readFile(process.argv[2], "utf8"));
const webhook = new Webhook(site.answer_secret);

for (const { headers, body } of site.told) {
  assert.equal(webhook.verify(body, headers).requestId, headers["webhook-id"]);
  assert.throws(() => webhook.verify(`${body} `, headers), WebhookVerificationError);
}
console.log(`${site.told.length} told and proven; changed, it is not`);
