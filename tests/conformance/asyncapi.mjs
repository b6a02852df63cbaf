// The AsyncAPI document as AsyncAPI's own parser reads it: asyncapi.mjs FILE. Anything it remarks on is an error.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Parser } from "@asyncapi/parser";

const file = resolve(process.argv[2]);
const { document, diagnostics } = await new Parser().parse(await readFile(file, "utf8"), { source: file });
for (const { severity, message, path } of diagnostics) console.log(`${severity} ${path.join(".")}: ${message}`);
if (!document || diagnostics.some(({ severity }) => severity <= 1)) process.exit(1);
console.log(`${document.channels().all().length} channels, ${document.operations().all().length} operations`);
