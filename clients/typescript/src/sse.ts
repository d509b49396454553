/* Reads server-sent events (WHATWG HTML, 9.2.6) as they come, in pieces that end anywhere. */

/** One event of a stream. */
export interface Message {
  event: string;
  /** Null if the event has no `id` of its own. */
  id: string | null;
  /** Empty if the event has no data. */
  data: string;
}

/** The state of reading one stream. */
export class Reader {
  /** The beginning of a line whose end has not come. */
  #rest = "";
  /** Whether the last line ended with a carriage return, whose line feed may be still to come. */
  #isAfterReturn = false;
  #message: { event: string; id: string | null; data: string[] } = { event: "", id: null, data: [] };

  /** Takes the next piece of the stream; returns the events that are complete. */
  push(piece: string): Message[] {
    if (piece === "") return [];
    let text = piece;
    if (this.#isAfterReturn && text.startsWith("\n")) text = text.slice(1);
    this.#isAfterReturn = text === "" ? false : text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = this.#rest + lines[0];
    this.#rest = lines.pop() ?? "";
    return lines.map((line) => this.#line(line)).filter((message) => message !== null);
  }

  #line(line: string): Message | null {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    // One space behind the colon is not part of the value.
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "event") this.#message.event = value;
    else if (name === "data") this.#message.data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#message.id = value;
    return null;
  }

  #end(): Message | null {
    const { event, id, data } = this.#message;
    this.#message = { event: "", id: null, data: [] };
    if (id === null && data.length === 0) return null;
    return { event: event || "message", id, data: data.join("\n") };
  }
}
