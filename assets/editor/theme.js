// How the editor looks: the page's own colours, which reach into it as variables.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace';
const tint = (colour, percent) => `color-mix(in oklab, var(--${colour}) ${percent}%, transparent)`;
const panel = {
  backgroundColor: "var(--popover)",
  color: "var(--popover-foreground)",
  border: "1px solid var(--border)",
  borderRadius: "var(--radius)",
};

const look = EditorView.theme({
  "&": {
    backgroundColor: "var(--card)",
    border: "1px solid var(--input)",
    borderRadius: "var(--radius)",
    color: "var(--foreground)",
    fontSize: "0.8125rem",
    maxHeight: "min(44rem, 75vh)",
    overflow: "hidden",
  },
  "&.cm-focused": { outline: "2px solid var(--ring)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: MONO, lineHeight: "1.4rem" },
  ".cm-content, .cm-gutter": { minHeight: "20rem" },
  ".cm-content": { caretColor: "var(--foreground)", padding: "0.5rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--foreground)" },
  ".cm-gutters": {
    backgroundColor: "color-mix(in oklab, var(--muted) 50%, var(--card))",
    border: "none",
    color: "var(--muted-foreground)",
  },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "2.25rem", padding: "0 0.5rem 0 0.25rem" },
  ".cm-gutter-lint": { width: "1rem" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: tint("primary", 7) },
  ".cm-activeLineGutter": { color: "var(--foreground)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: `${tint("primary", 22)} !important` },
  ".cm-matchingBracket": { backgroundColor: `${tint("primary", 18)} !important` },
  ".cm-searchMatch": { backgroundColor: tint("caution", 25) },
  ".cm-searchMatch-selected": { backgroundColor: tint("caution", 50) },
  ".cm-tooltip": { ...panel, boxShadow: "0 4px 16px rgb(0 0 0 / 12%)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    borderRadius: "var(--radius)",
    fontFamily: MONO,
    maxHeight: "16rem",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { lineHeight: "1.5rem", padding: "0.125rem 0.75rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--primary) !important",
    color: "var(--primary-foreground) !important",
  },
  ".cm-completionDetail": { fontStyle: "normal" },
  ".cm-completionMatchedText": { fontWeight: "600", textDecoration: "none" },
  ".cm-completionInfo": { ...panel, maxWidth: "20rem", padding: "0.5rem 0.75rem" },
  ".cm-diagnostic": { border: "none", padding: "0.5rem 0.75rem", maxWidth: "28rem" },
  ".cm-diagnostic-error": { color: "var(--destructive)" },
  ".cm-diagnostic-warning": { color: "var(--caution)" },
  ".cm-panels": { backgroundColor: "var(--muted)", color: "var(--foreground)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--border)" },
  ".cm-panel.cm-search": { padding: "0.5rem 2rem 0.5rem 0.75rem" },
  ".cm-panel.cm-search :is(input, button, label)": { fontFamily: "inherit", fontSize: "0.8125rem" },
  ".cm-panel.cm-search [name=close]": { fontSize: "1.25rem", minWidth: "2rem", top: "0.25rem" },
  ".cm-textfield": {
    backgroundColor: "var(--background)",
    border: "1px solid var(--input)",
    borderRadius: "calc(var(--radius) - 4px)",
    minHeight: "1.5rem",
  },
  ".cm-button": {
    backgroundColor: "var(--background)",
    backgroundImage: "none",
    border: "1px solid var(--border)",
    borderRadius: "calc(var(--radius) - 4px)",
    minHeight: "1.5rem",
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--syntax-key)" },
  { tag: [tags.keyword, tags.function(tags.variableName)], color: "var(--syntax-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syntax-text)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--muted-foreground)", fontStyle: "italic" },
]);

export const theme = [look, syntaxHighlighting(colours)];
