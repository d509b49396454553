/* What is wrong with a text, as the calls that check texts say it. Places are UTF-16 code units, as strings have them. */

export interface Span {
  start: number;
  end: number;
}

export interface Edit {
  title: string;
  span: Span;
  text: string;
}

export interface Diagnostic {
  code: string;
  severity: "error" | "warning";
  message: string;
  help: string | null;
  span: Span;
  line: number;
  column: number;
  edits: Edit[];
}
