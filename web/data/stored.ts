/* What there is to match: labels, types and properties of what sources hold. */

import { call, of } from "./client.ts";

/** A label or a type, or the rows of a query. */
export interface Kind {
  name: string;
  isType: boolean;
  /** How many there are; `null` if nobody has counted. */
  count: number | null;
  source: string;
  properties: string[];
}

interface Part {
  name: string;
  count: number;
  properties: { name: string }[];
}

interface Schema {
  sampled: boolean;
  labels: Part[];
  types: Part[];
}

interface Explained {
  columns: string[];
}

/** Reads what a source or query has. */
export async function storedIn(id: string, isQuery: boolean, signal: AbortSignal): Promise<Kind[]> {
  if (isQuery) {
    const [{ columns }, { definition }] = [
      await call<Explained>(of("queries", id, "/explain"), { signal }),
      await call<{ definition: { as?: string } | null }>(of("queries", id, "/definition"), { signal }),
    ];
    return [{ name: definition?.as ?? id, isType: false, count: null, source: id, properties: columns }];
  }
  const schema = await call<Schema>(of("sources", id, "/schema"), { signal });
  const kind = (isType: boolean) => ({ name, count, properties }: Part): Kind => {
    const own = properties.map((property) => property.name);
    return { name, isType, count: schema.sampled ? null : count, source: id, properties: own };
  };
  return [...schema.labels.map(kind(false)), ...schema.types.map(kind(true))];
}
