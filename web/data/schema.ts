/* What may stand at a place of a text, by the JSON schema of its kind. */

import { outline, type Entry, type Step } from "./outline.ts";

/** A JSON schema, as far as this reads it. */
export interface Schema {
  type?: string | string[];
  description?: string;
  properties?: { [name: string]: Schema };
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  $ref?: string;
  $defs?: { [name: string]: Schema };
}

/** A kind with its schema. */
export interface Described {
  kind: string;
  description: string;
  schema: Schema;
}

/** Something that may stand at a place. */
export interface Offer {
  text: string;
  /** What takes its place in the text, up to what somebody has to write. */
  put: string;
  /** In a word, what it is. */
  detail: string;
  /** In a sentence, what it does. */
  info: string;
  isNeeded: boolean;
}

/** The ids of components that an item may name. */
export type Ids = (field: "queries" | "after") => string[];

/** Returns what may stand at a place of an item's text. */
export function offers(text: string, at: number, kinds: readonly Described[], ids: Ids): Offer[] {
  const place = outline(text.slice(0, at));
  const all = outline(text).entries;
  // A list of this one item counts as the item.
  const lead = typeof place.path[0] === "number" ? 1 : 0;
  const kind = all.find(({ path, key }) => path.length === lead && key === "kind")?.value;
  const known = kinds.filter((one) => one.kind === kind);
  const roots = (known.length > 0 ? known : kinds).map(({ schema }) => ({ schema, root: schema }));
  const here = place.path.slice(lead).reduce(step, roots.flatMap(alternatives));
  const found: Offer[] = [];
  if (place.isKey) found.push(...keys(here, all, place.path, place.isFlow));
  if (place.isValue) {
    const path = place.path.slice(lead);
    if (path.length === 1 && path[0] === "kind") return kinds.map(({ kind, description }) => value(kind, description));
    const [field] = path;
    if (path.length === 2 && (field === "queries" || field === "after")) return ids(field).map((id) => value(id, ""));
    found.push(...values(here));
  }
  return found;
}

interface Here {
  schema: Schema;
  /** Where its references lead. */
  root: Schema;
}

/** Follows references, and returns each of the forms that a value may have. */
function alternatives({ schema, root }: Here): Here[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(/^#\/\$defs\//, "");
    const own = root.$defs && Object.hasOwn(root.$defs, name) ? root.$defs[name] : undefined;
    return own ? alternatives({ schema: own, root }) : [];
  }
  return schema.oneOf ? schema.oneOf.flatMap((one) => alternatives({ schema: one, root })) : [{ schema, root }];
}

function step(here: Here[], to: Step): Here[] {
  return here.flatMap(({ schema, root }) => {
    const { properties, items, additionalProperties: others } = schema;
    const own = typeof to === "number" ? items : properties && Object.hasOwn(properties, to) ? properties[to] : others;
    return own && typeof own === "object" ? alternatives({ schema: own, root }) : [];
  });
}

function keys(here: Here[], all: Entry[], path: Step[], isFlow: boolean): Offer[] {
  const mapping = JSON.stringify(path);
  const used = new Set(all.filter((entry) => JSON.stringify(entry.path) === mapping).map(({ key }) => key));
  const found = new Map<string, Offer>();
  for (const { schema, root } of here) {
    for (const [name, own] of Object.entries(schema.properties ?? {})) {
      if (used.has(name) || found.has(name)) continue;
      const forms = alternatives({ schema: own, root });
      const isNeeded = schema.required?.includes(name) ?? false;
      const isBlock = !isFlow && forms.length > 0 && forms.every(({ schema: { type } }) => type === "array" || type === "object");
      found.set(name, { text: name, put: isBlock ? `${name}:` : `${name}: `, detail: isNeeded ? "needed" : what(forms), info: own.description ?? "", isNeeded });
    }
  }
  return [...found.values()];
}

/** In a word, what a value is. */
function what(forms: Here[]): string {
  const types = forms.flatMap(({ schema: { type, enum: one } }) => (one ? one.map(String) : (type ?? [])));
  const words: { [type: string]: string } = { string: "text", array: "list", object: "mapping" };
  // Numbers and booleans may also be texts that stand for one.
  const own = types.length > 1 ? types.filter((type) => type !== "string" && type !== "null") : types;
  return [...new Set((own.length > 0 ? own : types).map((type) => words[type] ?? type))].join(" or ");
}

function values(here: Here[]): Offer[] {
  return here.flatMap(({ schema }) => {
    const fixed = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
    const types = [schema.type ?? []].flat();
    const all = fixed.length > 0 ? fixed : types.includes("boolean") ? [true, false] : [];
    return all.map((one) => ({ ...value(String(one), ""), detail: one === schema.default ? "unless something else is said" : "" }));
  });
}

function value(text: string, info: string): Offer {
  return { text, put: text, detail: "", info, isNeeded: false };
}
