// What may stand here: keys and their values, parameters, credentials, and what expressions see.
import { autocompletion } from "@codemirror/autocomplete";
import { parametersIn, placeOf, providerIn, whereIs } from "./places.js";

const CONTEXT = /@(?:ctx)?\.([\w$-]*)$/;
const PARAMETER = /@(?:ctx)?\.(?:parameters|inputs)\.([\w$-]*)$/;
const TOKEN = /\{([\w$-]*)$/;
const WORD = /^[\w$.-]*$/;

// In the order that they are given in; by themselves they would be sorted.
const inOrder = (found) => found.map((option, place) => ({ ...option, boost: -Math.min(place, 99) }));
const options = (names, type) => inOrder(names.map((label) => ({ label, type })));

const keysOf = (place, provider, siblings) =>
  inOrder(
    place
      .filter((key) => !siblings.has(key.name))
      .filter((key) => !provider || !key.providers.length || key.providers.includes(provider))
      .map((key) => ({
        label: key.name,
        detail: key.title.toLowerCase() === key.name ? undefined : key.title,
        info: key.description,
        apply: `${key.name}: `,
        type: "property",
      })),
  );

const valuesOf = (key, provider) => key?.values[provider] ?? key?.values[""] ?? [];

export const completion = ({ places, context, credentials }) => {
  const expression = (state, text, position) => {
    const parameter = PARAMETER.exec(text);
    if (parameter) {
      const from = position - parameter[1].length;
      return { from, options: options(parametersIn(state.doc), "variable"), validFor: WORD };
    }
    const name = CONTEXT.exec(text);
    if (!name) return null;
    const known = Object.entries(context);
    return {
      from: position - name[1].length,
      options: known.map(([label, info]) => ({ label, info, type: "variable" })),
      validFor: WORD,
    };
  };

  const value = (state, { path, text }, position) => {
    const name = path.at(-1);
    const token = name === "url" && TOKEN.exec(text);
    if (token) {
      const from = position - token[1].length;
      return { from, options: options(parametersIn(state.doc), "variable"), validFor: WORD };
    }
    const place = placeOf(path.slice(0, -1));
    const quote = /^["']?/.exec(text)[0].length;
    if (!place || !WORD.test(text.slice(quote))) return null;
    const key = places[place].find((known) => known.name === name);
    const isCredential = place === "parameter" && name === "value";
    const words = isCredential
      ? options(credentials, "constant")
      : options(valuesOf(key, providerIn(state.doc)), "enum");
    return { from: position - text.length + quote, options: words, validFor: WORD };
  };

  const suggest = ({ state, pos, explicit }) => {
    const where = whereIs(state, pos);
    const line = state.doc.lineAt(pos);
    const inExpression = expression(state, line.text.slice(0, pos - line.from), pos);
    if (inExpression) return inExpression;
    if (where.role === "value") return value(state, where, pos);
    const place = where.role === "key" ? placeOf(where.path) : null;
    if (!place || !WORD.test(where.text) || !(where.text || explicit)) return null;
    const keys = keysOf(places[place], providerIn(state.doc), siblingsOf(state.doc, place));
    return { from: pos - where.text.length, options: keys, validFor: WORD };
  };

  return autocompletion({
    override: [suggest],
    icons: false,
    activateOnCompletion: (chosen) => chosen.type === "property",
  });
};

// A key stands once; only those of the function itself are looked for, each at a line's beginning.
const siblingsOf = (doc, place) => {
  const names = new Set();
  if (place !== "function") return names;
  for (const text of doc.iterLines()) {
    const key = /^([\w$-]+):/.exec(text);
    if (key) names.add(key[1]);
  }
  return names;
};
