// Puts the one font, and the licences of all that is shipped, beside the compiled style sheet.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const root = (name) => dirname(require.resolve(`${name}/package.json`));
const target = new URL("../static/console/", import.meta.url);

copyFileSync(
  join(root("@fontsource-variable/inter"), "files/inter-latin-wght-normal.woff2"),
  new URL("inter-latin.woff2", target),
);
const shipped = [
  ["Inter (inter-latin.woff2)", "@fontsource-variable/inter", "LICENSE"],
  ["Basecoat (in console.css)", "basecoat-css", "LICENSE.md"],
  ["Tailwind CSS (in console.css)", "tailwindcss", "LICENSE"],
  ["Lucide (icons within the pages)", "lucide-static", "LICENSE"],
];
const parts = shipped.map(([title, name, file]) =>
  `${title}\n${"=".repeat(title.length)}\n\n${readFileSync(join(root(name), file), "utf8").trim()}\n`);
writeFileSync(new URL("LICENSES.txt", target), parts.join("\n\n"));
