/* Saves the rows of a query as a file: all of them, or those that are searched for. */

import { of } from "../data/client.ts";
import { download } from "../part/download.ts";
import { Menu } from "../part/menu.tsx";
import { say, sayWhy } from "../part/toast.tsx";

const CSV = "text/csv";
const NDJSON = "application/x-ndjson";

/** A form of the file. */
interface Form {
  label: string;
  accept: string;
  ending: string;
  /** What is asked for beside the rows. */
  more: { [name: string]: string };
}

const FORMS: Form[] = [
  { label: "CSV", accept: CSV, ending: "csv", more: {} },
  // Texts that a spreadsheet would compute come behind an apostrophe.
  { label: "CSV for a spreadsheet", accept: CSV, ending: "csv", more: { formulas: "quoted" } },
  { label: "NDJSON", accept: NDJSON, ending: "ndjson", more: {} },
];

export function Save({ id, wanted }: { id: string; wanted: string }) {
  const save = ({ accept, ending, more }: Form) => {
    const asked = new URLSearchParams({ ...more, ...(wanted ? { search: wanted } : {}) });
    const path = of("queries", id, `/results${asked.size > 0 ? `?${asked}` : ""}`);
    return download(path, `${id}${wanted ? "-found" : ""}.${ending}`, { accept }).catch(sayWhy);
  };
  const entries = FORMS.map((form) => ({
    label: wanted ? `${form.label}, of the rows found` : form.label,
    act: () => {
      say("The server is sending the rows.");
      void save(form);
    },
  }));
  return <Menu class="small wide-only" label="Download" of={entries} />;
}
