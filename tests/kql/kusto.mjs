// Microsoft's own KQL parser, loaded once, with the tables of tables.json (a workspace) and those of hunting.json (advanced
// hunting) as its databases, and a workspace in both of the forms in which MessageEvents is public.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { runInThisContext } from "node:vm";

const packageFolder = dirname(
  createRequire(import.meta.url).resolve("@kusto/language-service-next/bridge.min.js"),
);
// The package is a transpiled .NET library that expects to find itself in the global scope.
for (const file of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  runInThisContext(readFileSync(join(packageFolder, file), "utf8"), { filename: file });
}
const { KustoCode, GlobalState } = globalThis.Kusto.Language;
const { KustoCodeService } = globalThis.Kusto.Language.Editor;
const { SyntaxKind } = globalThis.Kusto.Language.Syntax;
const { DatabaseSymbol, TableSymbol } = globalThis.Kusto.Language.Symbols;

const file = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
const files = { workspace: "tables.json", hunting: "hunting.json" };
/** In which columns tenants differ: those that some lack, and those that have another name in some. */
export const differing = file("differing.json");
const each = (tables, change) =>
  Object.fromEntries(Object.entries(tables).map(([name, columns]) => [name, change(name, columns)]));
const withAbsent = (name, columns) => [columns, differing.absent[name]].filter(Boolean).join(" ");
const asStreamed = (columns) => columns.replace(/\w+(?=:)/g, (column) => differing.renamed[column] ?? column);
/**
 * The tables of each place, with their columns. `workspace` is as documented, `streamed` a workspace with the columns that
 * are seen on the stream, and `named` has all that the files of kql/ name.
 */
export const tables = Object.fromEntries(Object.entries(files).map(([place, name]) => [place, file(name)]));
tables.named = each(tables.workspace, withAbsent);
tables.streamed = each(tables.named, (name, columns) => (name === "MessageEvents" ? asStreamed(columns) : columns));
const databases = Object.fromEntries(
  Object.entries(tables).map(([place, tables]) => [
    place,
    GlobalState.Default.WithDatabase(
      new DatabaseSymbol.ctor(
        place,
        Object.entries(tables).map(([name, columns]) =>
          TableSymbol.From(`(${columns.replaceAll(" ", ", ")})`).WithName(name),
        ),
      ),
    ),
  ]),
);

/** A .NET list as an array. */
function list(items) {
  return Array.from({ length: items.Count }, (_, at) => items.getItem(at));
}

/**
 * What the parser makes of a query at a place.
 *
 * `diagnostics` come from the parser, the binder (unknown names, wrong types) and Microsoft's
 * best-practice analyzers, each as "line:column code message". `tree` is the syntax tree as text
 * in which every datetime and dynamic literal is a blank, and `literals` holds what was blanked.
 */
export function analyze(text, place = "workspace") {
  const code = KustoCode.ParseAndAnalyze(text, databases[place]);
  const service = new KustoCodeService.ctor(code);
  const diagnostics = [
    ...list(code.GetDiagnostics()),
    ...list(service.GetAnalyzerDiagnostics(true)),
  ].map((diagnostic) => {
    const line = { v: 0 };
    const column = { v: 0 };
    code.TryGetLineAndOffset(diagnostic.Start, line, column);
    return `${line.v}:${column.v} ${diagnostic.Code} ${diagnostic.Message}`;
  });
  const tree = [];
  const literals = [];
  const used = new Set();
  const walk = (element, depth) => {
    if (!element) return;
    const kind = element.Kind;
    if (kind === SyntaxKind.DynamicExpression || kind === SyntaxKind.DateTimeLiteralExpression) {
      literals.push(element.toString().trim());
      tree.push(`${depth} ${kind} literal`);
      return;
    }
    if (element.ReferencedSymbol instanceof TableSymbol && tables[place][element.ReferencedSymbol.Name]) {
      used.add(element.ReferencedSymbol.Name);
    }
    tree.push(element.IsToken ? `${depth} ${kind} ${element.Text}` : `${depth} ${kind}`);
    for (let at = 0; at < element.ChildCount; at += 1) walk(element.GetChild(at), depth + 1);
  };
  walk(code.Syntax, 0);
  const result = code.ResultType;
  return {
    diagnostics,
    tree: tree.join("\n"),
    literals,
    tables: [...used].sort(),
    columns: result instanceof TableSymbol ? list(result.Columns).map((column) => `${column.Name}:${column.Type.Name}`) : [],
  };
}
