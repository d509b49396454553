/* The little of Markdown that the pages of error codes use: headings, paragraphs, lists, code. */

import type { ComponentChildren } from "preact";
import { Text } from "./text.tsx";

export type Block =
  | { is: "heading"; level: number; text: string }
  | { is: "code"; text: string }
  | { is: "list"; items: string[] }
  | { is: "text"; text: string };

/** Splits a page into its blocks. */
export function blocks(page: string): Block[] {
  const found: Block[] = [];
  for (const part of page.replace(/```\w*\n([\s\S]*?)```/g, indented).split(/\n{2,}/)) {
    const heading = /^(#{1,4}) (.*)/.exec(part.trim());
    if (part.trim() === "") continue;
    if (heading) found.push({ is: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" });
    else if (/^ {4}/.test(part)) found.push({ is: "code", text: part.replace(/^ {4}/gm, "") });
    else if (/^[*-] /.test(part)) found.push({ is: "list", items: part.slice(2).split(/\n[*-] /) });
    else found.push({ is: "text", text: part });
  }
  return found;
}

/** Fenced code as indented code, with its empty lines kept together. */
function indented(_: string, code: string): string {
  return `\n${code.trimEnd().replace(/^/gm, "    ")}\n`;
}

export function Markdown({ of }: { of: string }) {
  return (
    <>
      {blocks(of).map((block) => (
        <Shown of={block} />
      ))}
    </>
  );
}

function Shown({ of }: { of: Block }) {
  switch (of.is) {
    case "heading":
      return of.level === 1 ? <h1>{inline(of.text)}</h1> : <h2>{inline(of.text)}</h2>;
    case "code":
      return (
        <pre class="code" tabIndex={0}>
          <Text of={of.text} lines />
        </pre>
      );
    case "list":
      return (
        <ul>
          {of.items.map((item) => (
            <li>{inline(item)}</li>
          ))}
        </ul>
      );
    case "text":
      return <p>{inline(of.text)}</p>;
  }
}

/** Code, strong text, and links as their text: where they lead is not in the binary, but for other codes. */
function inline(text: string): ComponentChildren {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (part.startsWith("`")) {
      return (
        <code>
          <Text of={part.slice(1, -1)} />
        </code>
      );
    }
    if (part.startsWith("**")) return <b>{part.slice(2, -2)}</b>;
    const link = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part);
    if (!link) return <Text of={part} lines />;
    const code = /LW\d{4}/.exec(link[2] ?? "");
    return code ? <a href={`#/errors/${code[0]}`}>{link[1]}</a> : <Text of={link[1] ?? ""} />;
  });
}
