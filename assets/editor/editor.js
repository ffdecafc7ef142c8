// The editor over a text box that stays in its form, and is what is sent.
//
// It lives in a shadow root: there its styles are sheets that scripts make, and the page's policy
// need not let style elements in.
import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { checks } from "./checks.js";
import { completion } from "./completion.js";
import { language } from "./jsonata.js";
import { theme } from "./theme.js";

const box = document.querySelector("textarea[data-editor]");
const { form } = box;
const told = JSON.parse(document.getElementById("editor-data").textContent);
const label = form.querySelector(`label[for="${box.id}"]`);
const hint = document.getElementById("editor-hint");
const saved = box.defaultValue;
let isLeaving = false;

const save = () => {
  form.requestSubmit(form.querySelector("[data-save]"));
  return true;
};

const host = document.createElement("div");
const root = host.attachShadow({ mode: "open" });
const description = document.createElement("span");
description.id = "hint";
description.hidden = true;
description.textContent = hint.textContent;
root.append(description);

const view = new EditorView({
  parent: root,
  root,
  doc: box.value,
  extensions: [
    lineNumbers(),
    checks(form, told),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    completion(told),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    search(),
    EditorState.tabSize.of(2),
    EditorState.phrases.of(told.phrases),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({
      "aria-label": label.textContent,
      "aria-describedby": description.id,
      spellcheck: "false",
      tabindex: "0",
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) box.value = update.state.doc.toString();
    }),
    keymap.of([
      { key: "Mod-s", run: save, preventDefault: true },
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...lintKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
    language,
    theme,
  ],
});

box.before(host);
box.hidden = true;
hint.hidden = false;
label.addEventListener("click", () => view.focus());

// Elsewhere on the page the same keys save; the editor has taken them already where it has focus.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.key.toLowerCase() !== "s") return;
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  save();
});

form.addEventListener("submit", () => {
  isLeaving = true;
});
window.addEventListener("beforeunload", (event) => {
  const isUnsaved = "unsaved" in form.dataset || box.value !== saved;
  if (!isLeaving && isUnsaved) event.preventDefault();
});
