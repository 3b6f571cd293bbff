// The shape of a query file, and how a query is made of it and its values.

import { readFileSync, readdirSync } from "node:fs";

import { differing, tables } from "./kusto.mjs";

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

const has = (place, table, column) => tables[place][table].split(" ").some((known) => known.startsWith(`${column}:`));

/** Where a query is asked: SecurityAlert is hidden in advanced hunting, and its ends are asked for log by log. */
export const places = (name) => [
  "workspace", "streamed", ...(["alerts", "log_ends"].includes(name) ? [] : ["hunting"]),
];

/** The line that bounds the time of a table, as a place understands it: on the column that the table has there, with what has
 * another name renamed, and with what it lacks as empty. */
function bound(line, table, body, place) {
  const time = has(place, table, "Timestamp") && place === "hunting" ? "Timestamp" : "TimeGenerated";
  const lacking = tables.named[table].split(" ").map((column) => column.split(":")[0]).filter((column) =>
    column !== "TimeGenerated" && !has(place, table, column) && new RegExp(`\\b${column}\\b`).test(body));
  const value = (column) => {
    const other = differing.renamed[column];
    return other && has(place, table, other) ? other : '""';
  };
  const named = [
    ...(time === "TimeGenerated" ? [] : [`TimeGenerated = ${time}`]),
    ...lacking.sort().map((column) => `${column} = ${value(column)}`),
  ];
  return line.replaceAll("TimeGenerated", time) + (named.length ? ` | extend ${named.join(", ")}` : "");
}

/** A rendered query as a place understands it. */
export function forPlace(name, query, place) {
  const { tables } = read(name);
  const at = query.indexOf("\n\n");
  const body = query.slice(at + 2);
  const lines = body.split("\n").map((line, number, lines) => {
    const table = (lines[number - 1] ?? "").trim().split(" ").at(-1);
    const isBound = tables.includes(table) && line.trimStart().startsWith("| where TimeGenerated >= ");
    return isBound ? bound(line, table, body, place) : line;
  });
  return `${query.slice(0, at)}\n\n${lines.join("\n")}`;
}

/** The query for the ends of one log, which is its part of log_ends. */
export function renderEnd(table, place, values) {
  const prelude = ["slice_from", "slice_to"].map((key) => `let ${key} = ${literal(values[key])};\n`).join("");
  const line = "| where TimeGenerated >= slice_from and TimeGenerated < slice_to";
  return `${prelude}
${table}
${bound(line, table, "", place)}
| summarize oldest = min(TimeGenerated), newest = max(TimeGenerated)
| extend ['log'] = "${table}"
| project ['log'], oldest, newest
`;
}
