// Ajv's part of benchmarks/coercion.py: coerces and validates the same bytes, as often as it is told.
// Reads lines `payload count` from standard input and answers each with the nanoseconds that it took.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [folder] = process.argv.slice(2);
const require = createRequire(`${folder}/node_modules/x.js`);
const Ajv = require("ajv/dist/2020").default;
const ajv = new Ajv({ coerceTypes: "array", allErrors: true, strict: false, validateFormats: false });

// Ajv alone takes neither "1" for true nor JSON text for a list; these few lines do it for the fields that need it.
const BOOLEANS = { 1: true, 0: false, yes: true, no: false, TRUE: true, FALSE: false };

function prepare(name) {
  const schema = JSON.parse(readFileSync(`${folder}/${name}.schema.json`));
  const bytes = readFileSync(`${folder}/${name}.body`);
  const validate = ajv.compile(schema);
  const having = (type) => Object.keys(schema.properties).filter((key) => schema.properties[key].type === type);
  const booleans = having("boolean");
  const lists = having("array");
  return () => {
    const rows = JSON.parse(bytes);
    for (const key of booleans) {
      const known = BOOLEANS[rows[key]];
      if (known !== undefined) rows[key] = known;
    }
    for (const key of lists) {
      if (typeof rows[key] === "string" && rows[key][0] === "[") rows[key] = JSON.parse(rows[key]);
    }
    if (!validate(rows)) throw new Error(JSON.stringify(validate.errors));
    return rows;
  };
}

const ready = {};
for await (const line of createInterface({ input: process.stdin })) {
  const [name, count] = line.split(" ");
  ready[name] ??= prepare(name);
  const started = process.hrtime.bigint();
  for (let done = 0; done < Number(count); done++) ready[name]();
  console.log(String(process.hrtime.bigint() - started));
}
