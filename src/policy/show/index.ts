/* Answers of this room as text. Their JSON is the answers themselves: `jsonText` only writes it out. */
export { diffCsv, diffMarkdown, diffText } from "./diff.js";
export { checkText, coverageText, exposureCsv, exposureMarkdown, exposureText, lintCsv, lintMarkdown, lintText, mutationText } from "./findings.js";
export { jsonText } from "./json.js";
export { portsText } from "./ports.js";
export { reachCsv, reachDot, reachMarkdown, reachMermaid, reachText } from "./reach.js";
export { whyCsv, whyMarkdown, whyText } from "./why.js";
