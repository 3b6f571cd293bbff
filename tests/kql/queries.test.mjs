// Every query of kql/ as Microsoft's own parser sees it: its examples, ordinary values and hostile ones.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { analyze } from "./kusto.mjs";
import { forPlace, literal, names, places, read, render, renderEnd } from "./render.mjs";

const hostile = JSON.parse(readFileSync(new URL("hostile.json", import.meta.url), "utf8"));

const window = ["window_from", "window_to"];
const slice = ["slice_from", "slice_to"];
const click = "time:datetime url:string action:string upn:string workload:string ip:string threat_types:string"
  + " clicked_through:bool app:string network_message_id:string report_id:string chain:string";
const message = "teams_message_id:string message_id:string parent_id:string edited:string sender_upn:string sender_id:string"
  + " sender_name:string sender_type:string team_id:string team_name:string thread_id:string thread_name:string"
  + " thread_type:string subject:string recipients:string owned:bool external:bool delivery:string message_threats:string";
const device = "kind:string time:datetime device_id:string device_name:string url:string upn:string object_id:string"
  + " app:string";
const indicator = "id:string kind:string value:string confidence:real valid_until:datetime source:string tags:string"
  + " time:datetime";
const listed = "operation:string team_id:string channel_id:string message_id:string user:string team_name:string"
  + " channel_name:string events:long first:datetime last:datetime";
/** What the loader relies on: parameters, and result columns with their types. */
const agreed = {
  alerts: [[...window, ...slice, "needles"], "alert_id:string vendor_id:string name:string severity:string provider:string product:string"
    + " time:datetime generated:datetime status:string tactics:string entities:string"],
  alerts_defender: [[...window, ...slice, "needles"], "alert_id:string name:string severity:string service:string"
    + " detection:string time:datetime category:string url:string device_id:string device_name:string object_id:string"
    + " upn:string fields:string"],
  clicks_on: [[...slice, "needles"], click],
  defender_hosts: [[...slice, "needles"], "device_id:string device_name:string url:string upn:string"
    + " object_id:string events:long first:datetime last:datetime"],
  link_messages: [[...slice, "teams"], listed],
  link_messages_cloud: [[...slice, "teams"], listed],
  log_ends: [slice, "log:string oldest:datetime newest:datetime"],
  message_urls: [[...window, ...slice], `time:datetime url:string ${message} url_threats:string`],
  messages_on: [[...window, ...slice, "needles"], `time:datetime url:string ${message} url_threats:string`],
  post_delivery: [[...slice, "messages"], "time:datetime teams_message_id:string action:string action_type:string"
    + " result:string location:string"],
  proxy_hosts: [[...window, ...slice, "needles"], "device_id:string device_name:string url:string"
    + " destination:string extensions:string events:long first:datetime last:datetime"],
  reported: [[...window, ...slice], "reported:datetime submission_id:string operation:string content:string"
    + " reporter_id:string reporter_upn:string reporter_name:string reported_sender:string verdict:string time:datetime"
    + ` ${message}`],
  smartscreen: [slice, device],
  smartscreen_opens: [[...slice, "devices"], device],
  threat_indicators: [[...window, ...slice, "needles"], indicator],
  threat_indicators_legacy: [[...window, ...slice, "needles"], indicator],
  url_clicks: [slice, click],
};

const lists = ["devices", "messages", "needles", "teams"];
/** The parameter that takes a list of values, if the query has one. */
const listOf = (name) => read(name).parameters.map(({ parameter }) => parameter).find((parameter) =>
  lists.includes(parameter));

const times = {
  window_from: "2026-09-01T00:00:00Z",
  window_to: "2026-10-01T00:00:00.1234567Z",
  slice_from: "2026-09-03T05:00:00Z",
  slice_to: "2026-09-03T06:00:00Z",
};

/** The values that the parser would hand to the engine, read back from the literals it found. */
function readBack(literals) {
  return literals.map((text) => {
    const [, type, inner] = /^(datetime|dynamic)\(([^]*)\)$/.exec(text);
    return type === "datetime" ? inner : JSON.parse(inner);
  });
}

/** Ordinary values of all parameters. */
const ordinary = {
  ...times,
  needles: ["evil.example"],
  teams: ["3f8b7a52-0000-4000-8000-000000000001"],
  devices: ["d1"],
  messages: ["/chats/19:one@thread.v2/messages/1767000000001"],
};

const analyses = new Map();
function analyzeFile(name) {
  if (!analyses.has(name)) analyses.set(name, analyze(read(name).text, "named"));
  return analyses.get(name);
}

/** Asserts that `query` differs from the file `name` in the values of its parameters only. */
function assertSame(name, query) {
  const seen = analyze(query, "named");
  assert.deepEqual(seen.diagnostics, []);
  const file = analyzeFile(name);
  assert.equal(seen.tree, file.tree);
  assert.deepEqual(seen.columns, file.columns);
  assert.deepEqual(seen.tables, file.tables);
  return readBack(seen.literals);
}

test("the folder holds the queries that the loader knows", () => {
  assert.deepEqual(names, Object.keys(agreed));
});

for (const name of names) {
  describe(name, () => {
    const file = read(name);
    const [parameters, columns] = agreed[name];
    const list = listOf(name);

    test("is valid as it stands in the repository", () => {
      const seen = analyzeFile(name);
      assert.deepEqual(seen.diagnostics, []);
      assert.deepEqual(seen.columns, columns.split(" "));
      assert.ok(seen.literals.length >= parameters.length);
    });

    test("says in its header what it reads and returns", () => {
      const seen = analyzeFile(name);
      assert.deepEqual(file.columns, seen.columns.map((column) => column.split(":")[0]));
      assert.deepEqual(file.tables, seen.tables);
      assert.match(file.title, /^\w.{20,}[^.]$/);
    });

    test("takes the agreed parameters in the agreed order", () => {
      assert.deepEqual(file.parameters.map(({ parameter }) => parameter), parameters);
    });

    test("reads no table without a bound on its time, and joins by a named kind", () => {
      const lines = file.body.split("\n").map((line) => line.trim());
      const tables = lines.flatMap((line, at) =>
        file.tables.some((table) => line.split(" ").at(-1) === table) ? [lines[at + 1]] : []);
      assert.ok(tables.length >= file.tables.length);
      for (const next of tables) {
        assert.match(next, /^\| where TimeGenerated >= (slice|window)_from and TimeGenerated < \1_to$/);
      }
      const code = lines.filter((line) => !line.startsWith("//")).join("\n");
      assert.doesNotMatch(code, /\bjoin (?!kind=)/);
      assert.doesNotMatch(code, /\b(ago|now|bag_unpack|project-reorder|externaldata|column_ifexists|mv-apply)\b/);
    });

    test("is valid with ordinary values", () => {
      assert.deepEqual(assertSame(name, render(name, ordinary)), parameters.map((parameter) => ordinary[parameter]));
    });

    for (const place of places(name)) {
      test(`is valid in ${place}, where it reads and returns the same`, () => {
        const query = render(name, ordinary);
        const seen = analyze(forPlace(name, query, place), place);
        assert.deepEqual(seen.diagnostics, []);
        assert.deepEqual(seen.columns, columns.split(" "));
        assert.deepEqual(seen.tables, file.tables);
        // As it stands in the file it is not, unless all that it reads is the same there.
        const plain = analyze(query, place).diagnostics;
        assert.equal(plain.length === 0, query === forPlace(name, query, place));
      });
    }

    if (!list) return;

    test("takes hostile values as values, one by one", () => {
      for (const value of hostile) {
        const query = render(name, { ...times, [list]: [value] });
        assert.deepEqual(assertSame(name, query).at(-1), [value]);
      }
    });

    test("takes as many and as long values as the loader sends at once", () => {
      // 500 values, and almost 64 KiB with what each needs around it.
      const long = Array.from({ length: 500 }, (_, at) => `host-${at}.example/`.padEnd(127, "a"));
      assert.ok(literal(long).length > 65_000);
      assert.deepEqual(assertSame(name, render(name, { ...times, [list]: long })).at(-1), long);
    });

    test("takes 500 hostile values, and none", () => {
      const many = Array.from({ length: 500 }, (_, at) => hostile[at % hostile.length] + at);
      for (const values of [many, []]) {
        assert.deepEqual(assertSame(name, render(name, { ...times, [list]: values })).at(-1), values);
      }
    });
  });
}

describe("these checks can fail:", () => {
  const reported = (name, from, to, expected) => {
    const { text } = read(name);
    assert.ok(text.includes(from));
    const { diagnostics } = analyze(text.replace(from, to), "named");
    assert.ok(diagnostics.includes(expected), `${expected}\nis not among\n${diagnostics.join("\n")}`);
  };

  test("an unknown column is reported where it stands", () => {
    reported("defender_hosts", "RemoteUrl has_any", "RemoteUri has_any",
      "10:9 KS142 The name 'RemoteUri' does not refer to any known column, table, variable or function.");
  });

  test("an unknown table is reported where it stands", () => {
    reported("url_clicks", "\nUrlClickEvents", "\nUrlClickEvent",
      "7:1 KS204 The name 'UrlClickEvent' does not refer to any known table, tabular variable or function.");
  });

  test("a wrong type is reported where it stands", () => {
    reported("clicks_on", "Url has_any (needles)", "IsClickedThrough has_any (needles)",
      "12:9 KS107 A value of type string or dynamic expected.");
  });

  test("a syntax error is reported where it stands", () => {
    reported("alerts", "| summarize", "| summarise", "23:3 KS176 Query operator expected.");
  });

  test("a keyword as a bare column name is reported", () => {
    reported("url_clicks", "['time'] =", "time =",
      "15:5 KS228 The name 'time' needs to be bracketed as ['time'] to be used in this context.");
  });

  test("a join without a kind is reported", () => {
    reported("message_urls", "join kind=inner", "join", "30:3 KS508 Avoid using joins without specifying the join kind."
      + " The default join behavior may be unexpected.");
  });

  test("a value that breaks out of its literal is reported", () => {
    const paste = (value) => (Array.isArray(value) ? `dynamic(["${value.join('", "')}"])` : literal(value));
    const survivors = hostile.filter((value) => {
      try {
        const back = assertSame("clicks_on", render("clicks_on", { ...times, needles: [value] }, paste));
        assert.deepEqual(back.at(-1), [value]);
        return true;
      } catch {
        return false;
      }
    });
    // Pasting raw is harmless for exactly those values that need no escape.
    assert.deepEqual(survivors, hostile.filter((value) => !/["\\\u0000-\u001f]/.test(value)));
  });

  test("a statement smuggled in by a value changes the tree", () => {
    const smuggled = read("clicks_on").text.replace('"])', '"]) | take 1');
    assert.throws(() => assertSame("clicks_on", smuggled));
    const quiet = read("clicks_on").text.replace("\n\n", "\nlet more = dynamic([]);\n\n");
    assert.throws(() => assertSame("clicks_on", quiet));
  });
});

// What the loader itself renders: <query>.<case>.kql, and beside it, if written, <query>.<case>.json with the values.
const rendered = process.env.KQL_RENDERED;
describe("queries as the loader renders them", { skip: rendered ? false : "KQL_RENDERED is not set" }, () => {
  const files = rendered ? readdirSync(rendered).filter((file) => file.endsWith(".kql")).sort() : [];

  test("are there for each query", () => {
    assert.deepEqual([...new Set(files.map((file) => file.split(".")[0]))].sort(), names);
  });

  for (const file of files) {
    test(file, () => {
      const [name, kind] = file.split(".");
      const query = readFileSync(join(rendered, file), "utf8");
      const sidecar = file.replace(/\.kql$/, ".json");
      const has = readdirSync(rendered).includes(sidecar);
      const values = has ? JSON.parse(readFileSync(join(rendered, sidecar), "utf8")) : null;
      const [, place, end] = /^(hunting|workspace)-(?:end-(\w+)$)?/.exec(kind) ?? [];
      if (place) {
        const seen = analyze(query, place);
        assert.deepEqual(seen.diagnostics, []);
        assert.deepEqual(seen.columns, agreed[name][1].split(" "));
        assert.equal(query, end ? renderEnd(end, place, values) : forPlace(name, render(name, values), place));
        return;
      }
      const back = assertSame(name, query);
      assert.ok(query.endsWith(`\n${read(name).body}`), "the body is not that of the file");
      const prelude = query.slice(0, -read(name).body.length);
      assert.doesNotMatch(prelude.replace(/\\(["\\]|u00[01][0-9a-f])/g, ""), /\\/, "needless escapes");
      if (has) assert.deepEqual(back, read(name).parameters.map(({ parameter }) => values[parameter]));
    });
  }
});
