// Where in a definition something is written, read from the lines above: the text need not be sound.

const LINE = /^(\s*(?:- +)*)(?:("[^"]*"|'[^']*'|[^\s#{[\]},"'-][^#{[\]},]*?)\s*:(?=\s|$))?/;
const BLOCK_TEXT = /^\s*[|>][+-]?\s*(?:#.*)?$/;
const MAPPINGS = {
  continuation: "continuation",
  error: "handler",
  operations: "operation",
  retry: "retry",
};

const plain = (key) => key.replace(/^(["'])(.*)\1$/, "$2");

const read = (text) => {
  const [whole, before, key] = LINE.exec(text);
  return { column: before.length, key: key && plain(key), rest: text.slice(whole.length) };
};

// Name the mapping that keys on this path are in; null where people choose the names.
export const placeOf = (path) => {
  if (!path.length) return "function";
  if (path.at(-2) === "parameters") return "parameter";
  if (path.at(-2) === "forRowsInRange") return "range";
  return MAPPINGS[path.at(-1)] ?? null;
};

// The keys above a column of a line, the outermost first, and whether it is inside a block of text.
const above = (doc, number, column) => {
  const path = [];
  let isText = false;
  for (let at = number - 1; at > 0 && column > 0; at -= 1) {
    const { text } = doc.line(at);
    if (!text.trim() || text.trimStart().startsWith("#")) continue;
    const line = read(text);
    if (!line.key || line.column >= column) continue;
    if (!path.length) isText = BLOCK_TEXT.test(line.rest);
    path.unshift(line.key);
    column = line.column;
  }
  return { path, isText };
};

// Within brackets on one line: the keys that are open, and what is being written.
const within = (text) => {
  const open = [];
  let key = null;
  let word = "";
  for (const [part] of text.matchAll(/"[^"]*"?|'[^']*'?|[{}[\],]|:(?=\s|$)|[^"'{}[\],:]+|:/g)) {
    if (part === "{" || part === "[") {
      open.push(key);
      [key, word] = [null, ""];
    } else if (part === "}" || part === "]") {
      open.pop();
      [key, word] = [null, ""];
    } else if (part === ",") [key, word] = [null, ""];
    else if (part === ":" && key === null) [key, word] = [plain(word.trim()), ""];
    else word += part;
  }
  return { open: open.filter((name) => name !== null), isOpen: open.length > 0, key, word };
};

// What is being written at a position: a key or a value, on which path, and after which text.
export const whereIs = (state, position) => {
  const line = state.doc.lineAt(position);
  const text = line.text.slice(0, position - line.from);
  const { column, key, rest } = read(text);
  const { path, isText } = above(state.doc, line.number, column);
  if (isText) return { path, role: "text", text };
  const start = key ? rest : text.slice(column);
  if (/^\s*[{[]/.test(start)) {
    const { open, isOpen, key: inner, word } = within(start);
    const whole = [...path, ...(key ? [key] : []), ...open];
    if (isOpen) {
      return inner === null
        ? { path: whole, role: "key", text: word.trimStart() }
        : { path: [...whole, inner], role: "value", text: word.trimStart() };
    }
  }
  if (key) return { path: [...path, key], role: "value", text: rest.trimStart() };
  return { path, role: "key", text: text.slice(column) };
};

// The names that the definition declares as its parameters.
export const parametersIn = (doc) => {
  const names = new Set();
  let inner = null;
  let isOpen = false;
  for (const text of doc.iterLines()) {
    const { column, key, rest } = read(text);
    if (key && column === 0) {
      isOpen = key === "parameters";
      inner = null;
      const flow = isOpen && /^\s*\{(.*)/.exec(rest);
      for (const [, name] of flow ? flow[1].matchAll(/([\w$.-]+)\s*:\s*(?:\{[^}]*\}?)?/g) : []) {
        names.add(name);
      }
    } else if (isOpen && key) {
      inner ??= column;
      if (column === inner) names.add(key);
    }
  }
  return [...names];
};

export const providerIn = (doc) =>
  /(?:^|[\n{,])\s*provider:\s*["']?(\w+)/.exec(doc.sliceString(0, 20_000))?.[1];
