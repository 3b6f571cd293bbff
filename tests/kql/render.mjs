// The shape of a query file, and how a query is made of it and its values.

import { readFileSync, readdirSync } from "node:fs";

const folder = new URL("../../kql/", import.meta.url);

export const names = readdirSync(folder)
  .filter((file) => file.endsWith(".kql"))
  .map((file) => file.slice(0, -".kql".length))
  .sort();

/** The parts of a query file: header comment, let-prelude and body, with a blank line between the last two. */
export function read(name) {
  const text = readFileSync(new URL(`${name}.kql`, folder), "utf8");
  const [, header, prelude, body] = /^((?:\/\/.*\n)+)((?:let .*\n)+)\n([^]+)$/.exec(text);
  const field = (key) => new RegExp(`^// ${key}: (.+)$`, "m").exec(header)[1];
  return {
    text,
    body,
    title: field(name),
    tables: field("tables").split(", "),
    columns: field("columns").split(", "),
    parameters: [...prelude.matchAll(/^let (\w+) = (.+);$/gm)].map(([, parameter, literal]) => ({ parameter, literal })),
  };
}

/** A datetime is a text, a list of values an array. Only what JSON requires is escaped. */
export function literal(value) {
  if (typeof value === "string") return `datetime(${value})`;
  const escape = (character) =>
    character < " " ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : `\\${character}`;
  return `dynamic([${value.map((text) => `"${text.replace(/["\\\u0000-\u001f]/g, escape)}"`).join(", ")}])`;
}

/** The query as it is sent: without the header, the given values in place of the examples. */
export function render(name, values, write = literal) {
  const { parameters, body } = read(name);
  const prelude = parameters.map(({ parameter, literal: example }) =>
    `let ${parameter} = ${parameter in values ? write(values[parameter]) : example};\n`);
  return `${prelude.join("")}\n${body}`;
}
