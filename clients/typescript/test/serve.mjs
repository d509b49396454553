// Serves the files of this folder for a test in a browser, and prints its address. It ends with its standard input.
//
// `/follow` is a page with `follow.js`, `/react` and `/example` have the bundles that `build.mjs page` makes.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const here = new URL("..", import.meta.url);
const page = (script) =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="${script}"></script>`;
const pages = {
  "/follow": page("/test/follow.js"),
  "/react": page("/built/pages/react.js"),
  "/example": page("/built/pages/example.js"),
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (Object.hasOwn(pages, pathname))
    return response.writeHead(200, { "content-type": "text/html" }).end(pages[pathname]);
  if (!/^\/(dist|test|built\/pages)\/[\w.-]+\.js$/.test(pathname)) return response.writeHead(404).end();
  try {
    const file = await readFile(new URL(`.${pathname}`, here));
    response.writeHead(200, { "content-type": "text/javascript" }).end(file);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.resume().on("end", () => process.exit(0));
