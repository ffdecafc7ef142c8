// Writes the inside of each icon that the templates name to templates/icons/NAME.svg;
// the component templates/cotton/icon.html puts the <svg> around it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const NAMES = `
  activity arrow-right blocks book-open building-2 check chevron-left chevron-right chevrons-up-down
  circle-alert circle-check circle-dashed copy database download fingerprint globe history image inbox info
  key-round layout-dashboard life-buoy lock log-out mail menu monitor moon palette play plug plus
  refresh-cw rocket search settings shield-check smartphone square-function square-pen sun triangle-alert
  undo-2 upload user user-check user-plus users x
`.trim().split(/\s+/);

const icons = join(dirname(createRequire(import.meta.url).resolve("lucide-static/package.json")), "icons");
const target = new URL("../templates/icons/", import.meta.url);
mkdirSync(target, { recursive: true });
for (const name of NAMES) {
  const whole = readFileSync(join(icons, `${name}.svg`), "utf8");
  const inside = whole.replace(/[\s\S]*?<svg[\s\S]*?>/, "").replace(/<\/svg>\s*$/, "");
  writeFileSync(new URL(`${name}.svg`, target), inside.replace(/\s*\n\s*/g, "").trim() + "\n");
}
