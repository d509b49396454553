/* Where a place in a text of YAML or JSON stands: read line by line and sign by sign, since a text is rarely whole while somebody types. */

/** A key or, in a list, the number of an item. */
export type Step = string | number;

/** A key with where it stands. */
export interface Entry {
  /** What leads to the mapping that has it. */
  path: Step[];
  key: string;
  /** What stands behind it on its line, as it is written. */
  value: string;
}

export interface Outline {
  entries: Entry[];
  /** What leads to the place at the end of the text: a mapping, a list, or a value. */
  path: Step[];
  /** Whether a value may stand at the end, and whether a key may. Of an item that has just begun both are so. */
  isValue: boolean;
  isKey: boolean;
  /** Whether the end is inside of braces or brackets. */
  isFlow: boolean;
}

interface Level {
  /** The column at which it stands; what stands further left has left it. */
  column: number;
  step: Step;
}

/** How deep a text is read; what is further in stands nowhere. */
const DEEPEST = 64;
const KEY = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s"'#{}[\],:&*!|>%@`-][^\s{}[\],:]*|-[^\s{}[\],:]+))\s*:(?=\s|$)\s*/;
const BLOCK = /^[|>][+-]?\d?[+-]?\s*(?:#.*)?$/;

/** Returns what stands where in a text, and where its end stands. Of what is not YAML, as far as that can be told. */
export function outline(text: string): Outline {
  const entries: Entry[] = [];
  const levels: Level[] = [];
  const counts: { [path: string]: number } = {};
  let end: Omit<Outline, "entries" | "path"> = { isValue: false, isKey: true, isFlow: false };
  let flow: Flow | null = null;
  let block: number | null = null;

  const lines = text.split("\n");
  for (const [number, line] of lines.entries()) {
    const isLast = number === lines.length - 1;
    if (flow) {
      flow.read(line);
      end = flow.end();
      if (flow.isOver()) flow = null;
      continue;
    }
    let column = line.length - line.trimStart().length;
    if (block !== null) {
      if (line.trim() === "" || column > block) {
        end = { isValue: false, isKey: false, isFlow: false };
        continue;
      }
      block = null;
    }
    let rest = line.trimStart();
    if (rest.startsWith("#")) {
      end = { isValue: false, isKey: false, isFlow: false };
      continue;
    }
    if (rest === "") {
      // Where a line begins says what it belongs to. Of an empty line that is where the caret stands, if it stands there.
      const at = isLast ? levels.findIndex((level) => level.column >= column) : -1;
      if (at >= 0) levels.length = at;
      end = { isValue: false, isKey: true, isFlow: false };
      continue;
    }
    let isItem = false;
    for (let dash = /^-(?:\s+|$)/.exec(rest); dash && levels.length < DEEPEST; dash = /^-(?:\s+|$)/.exec(rest)) {
      leave(levels, column, true);
      const list = JSON.stringify(levels.map(({ step }) => step));
      const number = counts[list] ?? 0;
      counts[list] = number + 1;
      levels.push({ column, step: number });
      column += dash[0].length;
      rest = rest.slice(dash[0].length);
      isItem = true;
    }
    const key = KEY.exec(rest);
    if (!key) {
      if (!isItem) leave(levels, column, false);
      end = { isValue: isItem, isKey: true, isFlow: false };
      if (/^[{[]/.test(rest)) flow = new Flow(levels.map(({ step }) => step), entries);
      if (flow) {
        flow.read(rest);
        end = flow.end();
        if (flow.isOver()) flow = null;
      }
      continue;
    }
    leave(levels, column, false);
    const name = key[1] ?? key[2] ?? key[3] ?? "";
    const value = rest.slice(key[0].length);
    entries.push({ path: levels.map(({ step }) => step), key: name, value: bare(value) });
    levels.push({ column, step: name });
    end = { isValue: /\s$/.test(key[0]) || value !== "", isKey: false, isFlow: false };
    if (BLOCK.test(value)) block = column;
    else if (/^[{[]/.test(value)) {
      flow = new Flow(levels.map(({ step }) => step), entries);
      flow.read(value);
      end = flow.end();
      if (flow.isOver()) flow = null;
    }
  }
  return { entries, path: flow ? flow.path() : levels.map(({ step }) => step), ...end };
}

/** Leaves what a line at this column is not within. Items of a list may stand at the column of the key that has it. */
function leave(levels: Level[], column: number, isItem: boolean): void {
  const isLeft = ({ column: own, step }: Level) => own > column || (own === column && !(isItem && typeof step === "string"));
  for (let last = levels.at(-1); last && isLeft(last); last = levels.at(-1)) levels.pop();
}

/** A value without its quotes and what is said behind it. */
function bare(value: string): string {
  return value.replace(/\s+#.*$/, "").trim().replace(/^(["'])(.*)\1$/, "$2");
}

/** What stands in braces and brackets, also over several lines. */
class Flow {
  private readonly open: { isMap: boolean; count: number; key: string | null }[] = [];
  private hasBegun = false;
  private word = "";
  private quote: string | null = null;

  constructor(
    private readonly lead: Step[],
    private readonly entries: Entry[],
  ) {}

  read(line: string): void {
    if (this.hasBegun) this.word += " ";
    for (let at = 0; at < line.length; at += 1) {
      const sign = line[at]!;
      if (this.quote !== null) {
        this.word += sign;
        if (sign === "\\" && this.quote === '"') this.word += line[++at] ?? "";
        else if (sign === this.quote) this.quote = null;
        continue;
      }
      const inner = this.open.at(-1);
      if (this.hasBegun && !inner) return;
      if (sign === "#" && (at === 0 || /\s/.test(line[at - 1]!))) return;
      if ((sign === '"' || sign === "'") && this.word.trim() === "") {
        this.quote = sign;
        this.word = sign;
      } else if (sign === "{" || sign === "[") {
        this.open.push({ isMap: sign === "{", count: 0, key: null });
        this.hasBegun = true;
        this.word = "";
      } else if (sign === "}" || sign === "]") {
        this.close();
        this.open.pop();
      } else if (sign === "," && inner) {
        this.close();
        inner.count += 1;
        inner.key = null;
      } else if (sign === ":" && inner?.isMap && inner.key === null && (/^["']/.test(this.word.trim()) || /^(?:\s|$|[,{}[\]])/.test(line.slice(at + 1)))) {
        inner.key = bare(this.word);
        this.word = "";
      } else this.word += sign;
    }
  }

  isOver(): boolean {
    return this.hasBegun && this.open.length === 0;
  }

  path(): Step[] {
    return [...this.lead, ...this.open.flatMap(({ isMap, count, key }): Step[] => (isMap ? (key === null ? [] : [key]) : [count]))];
  }

  end(): Omit<Outline, "entries" | "path"> {
    const inner = this.open.at(-1);
    const isInText = this.quote !== null && !/^["'][\w-]*$/.test(this.word);
    const isKey = !!inner?.isMap && inner.key === null && !isInText;
    return { isKey, isValue: !!inner && !isKey && !isInText, isFlow: !!inner };
  }

  /** Notes the entry that ends here. */
  private close(): void {
    const inner = this.open.at(-1);
    if (inner?.isMap && inner.key !== null && this.open.length < DEEPEST) {
      this.entries.push({ path: this.path().slice(0, -1), key: inner.key, value: bare(this.word) });
    }
    this.word = "";
  }
}
