/* Reads server-sent events as they come, in pieces that end anywhere. */

export interface Message {
  event: string;
  id: string | null;
  data: string;
}

/** The state of reading one stream. */
export class Reader {
  #rest = "";

  /** Takes the next piece of text; returns the events that are whole now. */
  push(text: string): Message[] {
    // A line ends with a line feed here; values may hold other characters that end lines elsewhere.
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map(message).filter((found) => found !== null);
  }
}

function message(block: string): Message | null {
  const found: Message = { event: "message", id: null, data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(": ");
    if (at < 0) continue;
    const value = line.slice(at + 2);
    switch (line.slice(0, at)) {
      case "event":
        found.event = value;
        break;
      case "id":
        found.id = value;
        break;
      case "data":
        found.data = value;
        break;
    }
  }
  return found.data === "" && found.id === null ? null : found;
}
