// Puts the one font, and the licences of all that is shipped, beside the compiled style sheet.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = (name) => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));
const target = new URL("../static/console/", import.meta.url);

copyFileSync(
  join(root("@fontsource-variable/inter"), "files/inter-latin-wght-normal.woff2"),
  new URL("inter-latin.woff2", target),
);
const shipped = [
  ["Inter (inter-latin.woff2)", "@fontsource-variable/inter", "LICENSE"],
  ["Basecoat (in console.css)", "basecoat-css", "LICENSE.md"],
  ["Tailwind CSS (in console.css)", "tailwindcss", "LICENSE"],
  ["CodeMirror (in editor.js)", "@codemirror/view", "LICENSE"],
  ["Lezer (in editor.js)", "@lezer/common", "LICENSE"],
  ["style-mod (in editor.js)", "style-mod", "LICENSE"],
  ["crelt (in editor.js)", "crelt", "LICENSE"],
  ["w3c-keyname (in editor.js)", "w3c-keyname", "LICENSE"],
  ["find-cluster-break (in editor.js)", "@marijn/find-cluster-break", "LICENSE"],
  ["Lucide (icons within the pages)", "lucide-static", "LICENSE"],
];
const parts = shipped.map(([title, name, file]) =>
  `${title}\n${"=".repeat(title.length)}\n\n${readFileSync(join(root(name), file), "utf8").trim()}\n`);
writeFileSync(new URL("LICENSES.txt", target), parts.join("\n\n"));
