/**
 * Tables of options, as pages of components have them, out of the schemas of those options.
 *
 * A page says where its tables stand:
 *
 * ```md
 * <!-- options network mlp -->
 * <!-- /options -->
 * ```
 *
 * @module
 */
import { stringify } from "yaml";
import { z } from "zod";
import { type Component, InputError, type Refs, type Registry } from "../../core/mod.ts";

/** What JSON Schema says of an option. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly prefixItems?: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  /** Contract of the component that is referred to. */
  readonly component?: string;
}

/** An option, flattened: `latent.size`. */
interface Row {
  readonly option: string;
  readonly meaning: string;
  readonly default: string;
}

/** References as the table shows them: by their contract, whatever components there are. */
const named: Refs = (contract) => z.any().meta({ component: contract.kind });

/** The table of a component's options. */
export function optionsTable({ options }: Pick<Component, "options">): string {
  const schema = z.toJSONSchema(options(named), { io: "input", unrepresentable: "any" }) as Node;
  const rows = rowsOf(schema, "");
  if (rows.length === 0) return "It has no options.";
  const lines = rows.map((row) => `| \`${row.option}\` | ${row.meaning} | ${row.default} |`);
  return ["| option | meaning | default |", "|---|---|---|", ...lines].join("\n");
}

/** The table of the component of a contract and name. @throws InputError where there is none */
export function tableOf(registry: Registry, contract: string, name: string): string {
  const found = registry.contracts().find(({ kind }) => kind === contract);
  const component = found && registry.all(found).find((component) => component.name === name);
  if (component === undefined) throw new InputError(`there is no ${contract} "${name}"`);
  return optionsTable(component);
}

const MARKED = /^<!-- options (\S+) (\S+) -->\n[\s\S]*?^<!-- \/options -->$/gm;

/** Components whose options a page's markers ask for, as `<contract> <name>`. */
export function markersOf(text: string): string[] {
  return [...text.matchAll(MARKED)].map(([, contract, name]) => `${contract} ${name}`);
}

/** A page with the given tables between its markers. @throws InputError for markers that are broken */
export function withTables(
  path: string,
  text: string,
  tableOf: (contract: string, name: string) => string,
): string {
  const count = (mark: RegExp): number => [...text.matchAll(mark)].length;
  const marked = markersOf(text).length;
  if (count(/<!-- options/g) !== marked || count(/<!-- \/options/g) !== marked) {
    throw new InputError(
      `${path}: expected <!-- options <contract> <name> --> and <!-- /options -->, each on a line by itself`,
    );
  }
  return text.replace(
    MARKED,
    (_, contract: string, name: string) =>
      `<!-- options ${contract} ${name} -->\n${tableOf(contract, name)}\n<!-- /options -->`,
  );
}

/**
 * Rows of an object's options.
 * @param prefix stands before their names, e.g. `latent.`
 * @param must what the default of an option says that must be given
 */
function rowsOf(node: Node, prefix: string, must = "required"): Row[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, option]) => {
    const { description = "" } = option;
    const meaning = [description, typeOf(option, description)].filter((text) => text !== "");
    const row: Row = {
      option: `${prefix}${name}`,
      meaning: cell(meaning.map(sentence).join(" ")),
      default: node.required?.includes(name) ? must : defaultOf(option),
    };
    return [row, ...rowsWithin(option, row.option, must)];
  });
}

/** Rows of the options inside an option: of objects, of lists and records of objects, of either of several objects. */
function rowsWithin(option: Node, path: string, must: string): Row[] {
  if (option.properties !== undefined) return rowsOf(option, `${path}.`, must);
  if (option.items !== undefined) return rowsWithin(option.items, `${path}[]`, must);
  if (typeof option.additionalProperties === "object") {
    return rowsWithin(option.additionalProperties, `${path}.<name>`, must);
  }
  const parts = option.anyOf ?? option.oneOf ?? [];
  return parts.flatMap((part) => rowsWithin(part, path, parts.length > 1 ? "one of these" : must));
}

/** The default of an option that has one, but for objects whose defaults are those of the options within. */
function defaultOf(option: Node): string {
  const value = option.default;
  if (value === undefined || (option.properties !== undefined && isEmpty(value))) return "";
  return `\`${cell(flow(value))}\``;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** What values an option takes, as far as neither its default nor its description shows it. */
function typeOf(node: Node, description: string): string {
  const kinds = kindsOf(node);
  if (kinds.length > 1 && kinds.every((kind) => description.includes(kind))) return "";
  return kinds.length === 1 && ["number", "text"].includes(kinds[0]!) ? "" : either(kinds);
}

/** Kinds of values that an option takes. */
function kindsOf(node: Node): string[] {
  if (node.component !== undefined) return [`${article(node.component)} ${node.component}`];
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``);
  if (node.const !== undefined) return [`\`${node.const}\``];
  const parts = node.anyOf ?? node.oneOf;
  if (parts !== undefined) return [...new Set(parts.flatMap(kindsOf))];
  if (node.prefixItems !== undefined) return [`list of ${node.prefixItems.length} values`];
  if (node.items !== undefined) return [`list of ${several(node.items)}`];
  if (typeof node.additionalProperties === "object") return [`${several(node.additionalProperties)} by name`];
  if (node.type === "number" || node.type === "integer") return [`${nounOf(node)}${bounds(node)}`];
  return node.type === "string" ? ["text"] : [];
}

/** What a list holds, in the plural. */
function several(node: Node): string {
  if (node.component !== undefined) return `${node.component}s`;
  if (node.properties !== undefined) return "mappings";
  if (node.type === "number" || node.type === "integer") return `${nounOf(node)}s${bounds(node)}`;
  const kinds = kindsOf(node).map((kind) => kind.replace(/^(text|list)\b/, "$1s"));
  return kinds.length === 0 ? "values" : either(kinds);
}

function nounOf({ type }: Node): string {
  return type === "integer" ? "whole number" : "number";
}

/** Smallest and largest number, as far as there are any. JSON Schema has those that are safe as bounds of integers. */
function bounds(node: Node): string {
  const given = (bound: number | undefined): number | undefined =>
    bound === undefined || Math.abs(bound) === Number.MAX_SAFE_INTEGER ? undefined : bound;
  const [low, high, above, below] = [
    given(node.minimum),
    given(node.maximum),
    node.exclusiveMinimum,
    node.exclusiveMaximum,
  ];
  if (node.type === "integer") {
    const first = low ?? (above === undefined ? undefined : above + 1);
    const last = high ?? (below === undefined ? undefined : below - 1);
    if (first === undefined) return last === undefined ? "" : ` up to ${last}`;
    return ` from ${first}${last === undefined ? "" : ` to ${last}`}`;
  }
  const [start, end] = [low ?? above, high ?? below];
  if (start !== undefined && end !== undefined) {
    return ` in ${low === undefined ? "(" : "["}${start}, ${end}${high === undefined ? ")" : "]"}`;
  }
  if (start !== undefined) return ` ${low === undefined ? ">" : "≥"} ${start}`;
  return end === undefined ? "" : ` ${high === undefined ? "<" : "≤"} ${end}`;
}

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function article(noun: string): string {
  return /^([aeiou]|ssl-)/.test(noun) ? "an" : "a";
}

/** A text with a capital, unless it begins with a symbol such as α, and a full stop. */
function sentence(text: string): string {
  return `${text.replace(/^[a-z]/, (first) => first.toUpperCase())}${/[.?!]$/.test(text) ? "" : "."}`;
}

/** A value as a scenario writes it on one line; numbers in six digits. */
function flow(value: unknown): string {
  const short = JSON.parse(JSON.stringify(value), (_, v: unknown) =>
    typeof v === "number" ? Number(v.toPrecision(6)) : v,
  );
  const padded = stringify(short, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true });
  return padded.trimEnd().replace(/\[ (.*?) \]/g, "[$1]");
}

/** A text as it can stand in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
