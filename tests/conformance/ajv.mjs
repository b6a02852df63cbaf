// The JSON Schemas with a second validator, and every real message against them: ajv.mjs SCHEMAS MESSAGES.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";

const [schemas, messages] = process.argv.slice(2);
const NOT_A_SCHEMA = ["asyncapi.json", "openapi.json"];
const read = async (...path) => JSON.parse(await readFile(join(...path), "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);
// Formats of numbers, which say how wide they are and nothing else.
for (const width of ["uint", "uint8", "uint16", "uint32", "uint64", "int64", "double"]) ajv.addFormat(width, true);

let held = 0, wrong = 0;
for (const file of (await readdir(schemas)).filter((f) => !NOT_A_SCHEMA.includes(f))) {
  const name = file.replace(/\.json$/, "");
  const validate = ajv.compile(await read(schemas, file));
  for (const message of await readdir(join(messages, name)).catch(() => [])) {
    held += 1;
    if (validate(await read(messages, name, message))) continue;
    wrong += 1;
    console.log(`${name}/${message}: ${ajv.errorsText(validate.errors)}`);
  }
}
if (wrong || held < 20) process.exit(1);
console.log(`${held} messages`);
