// What publishing would say, asked of the server a moment after somebody has typed.
import { lintGutter, linter } from "@codemirror/lint";

const PAUSE = 500;

const ask = async (form, address) => {
  const answer = await fetch(address, { method: "POST", body: new FormData(form) });
  if (!answer.ok) throw new Error(answer.statusText);
  document.dispatchEvent(new Event("console:use")); // the session lives on, here as there
  return answer.json();
};

const lineOf = (number, doc) => doc.line(Math.min(number, doc.lines));

const diagnostic = ({ line, severity, message }, doc) => {
  const { from, to, text } = lineOf(line, doc);
  return { from: from + text.search(/\S|$/), to, severity, message };
};

const show = (list, found, words, go) => {
  const items = found.map(({ line, severity, message }) => {
    const item = document.createElement("li");
    item.dataset.severity = severity;
    const place = document.createElement("button");
    place.type = "button";
    place.className = "link";
    place.textContent = words.line.replace("%s", line);
    place.addEventListener("click", () => go(line));
    item.append(place, ` ${message}`);
    return item;
  });
  list.replaceChildren(...items);
};

const sum = (found, words) => {
  const errors = found.filter(({ severity }) => severity === "error").length;
  if (errors) return words.errors.replace("%s", errors);
  return found.length ? words.warnings.replace("%s", found.length) : words.sound;
};

export const checks = (form, { check, words }) => {
  const list = form.querySelector("[data-problems]");
  const state = form.querySelector("[data-check-state]");
  const source = async (view) => {
    const { doc } = view.state;
    let found;
    try {
      found = await ask(form, check);
    } catch {
      state.textContent = words.unchecked;
      return [];
    }
    if (view.state.doc !== doc) return []; // older than what is written now
    state.textContent = sum(found, words);
    show(list, found, words, (line) => {
      const { from } = lineOf(line, view.state.doc);
      view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      view.focus();
    });
    return found.map((problem) => diagnostic(problem, doc));
  };
  return [linter(source, { delay: PAUSE }), lintGutter()];
};
