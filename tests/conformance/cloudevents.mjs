// Every stored event against the CloudEvents 1.0 schema, as its own SDK holds it: cloudevents.mjs FOLDER of batches.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CloudEvent } from "cloudevents";

let held = 0;
for (const file of await readdir(process.argv[2])) {
  for (const event of JSON.parse(await readFile(join(process.argv[2], file), "utf8"))) {
    new CloudEvent(event, true);
    held += 1;
  }
}
let refused = false;
try {
  new CloudEvent({ specversion: "1.0", id: "1", source: "", type: "x" }, true);
} catch {
  refused = true;
}
if (!refused || held < 10) process.exit(1);
console.log(`${held} events`);
