// YAML, with JSONata where the language has expressions.
import { LanguageSupport, StreamLanguage, indentService } from "@codemirror/language";
import { yamlLanguage } from "@codemirror/lang-yaml";
import { parseMixed } from "@lezer/common";

const WORDS = /^(?:and|or|in|true|false|null|function)\b/;
const TOKENS = [
  [/^"(?:[^"\\]|\\.)*"?|^'(?:[^'\\]|\\.)*'?/, "string"],
  [/^`[^`]*`?/, "propertyName"],
  [/^@(?:ctx)?\.[\w$.-]*/, "propertyName"],
  [/^\$[\w$]*(?=\s*\()/, "variableName.function"],
  [/^\$[\w$]*/, "variableName"],
  [WORDS, "keyword"],
  [/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, "number"],
  [/^[A-Za-z_]\w*/, null],
];

const jsonata = StreamLanguage.define({
  startState: () => ({ isComment: false }),
  token(stream, state) {
    if (state.isComment || stream.match("/*")) {
      state.isComment = !stream.match(/^.*?\*\//);
      if (state.isComment) stream.skipToEnd();
      return "comment";
    }
    const [, kind] = TOKENS.find(([pattern]) => stream.match(pattern)) ?? [];
    if (kind === undefined) stream.next();
    return kind ?? null;
  },
});

const TRANSFORMS = new Set(["inputTransform", "outputTransform", "errorTransform", "transform"]);
const TEXTS = { BlockLiteralContent: 0, Literal: 0, QuotedLiteral: 1 };

// A transform is an expression as it stands; every other text is one when it begins with "=".
const nest = parseMixed((node, input) => {
  const quote = TEXTS[node.name];
  if (quote === undefined || node.node.parent?.name === "Key") return null;
  const [from, to] = [node.from + quote, node.to - quote];
  const pair = node.name === "BlockLiteralContent" ? node.node.parent?.parent : node.node.parent;
  const key = pair?.name === "Pair" ? pair.getChild("Key") : null;
  const isTransform = key && TRANSFORMS.has(input.read(key.from, key.to));
  if (from >= to || !(isTransform || /^\s*=/.test(input.read(from, Math.min(to, from + 40))))) {
    return null;
  }
  return { parser: jsonata.parser, overlay: [{ from, to }] };
});

// A new line stands below the one before, one step in after a key without a value.
const indent = indentService.of((context, position) => {
  const line = context.lineAt(position, -1);
  const [, before, marks] = /^(\s*)((?:- +)*)/.exec(line.text);
  const depth = before.length + marks.length;
  return /(?::|[|>][+-]?)\s*(?:#.*)?$/.test(line.text) ? depth + context.unit : depth;
});

export const language = new LanguageSupport(yamlLanguage.configure({ wrap: nest }), indent);
