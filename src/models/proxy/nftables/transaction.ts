import { formatAddChain, formatAddElement, formatAddRule, formatAddSet } from "./canonical-form.js";
import { type NftChain, type NftElement, type NftRule, type NftSet, TABLE_COMMENT, TABLE_NAME } from "./nft-doc.js";

/** One line of a transaction. */
export type NftCommand =
  | { readonly verb: "addTable"; readonly comment?: string }
  | { readonly verb: "addChain"; readonly chain: NftChain }
  | { readonly verb: "flushChain" | "deleteChain"; readonly name: string }
  | { readonly verb: "addRule"; readonly chain: string; readonly rule: NftRule }
  | { readonly verb: "addSet"; readonly set: NftSet }
  | { readonly verb: "flushSet" | "deleteSet"; readonly kind: NftSet["kind"]; readonly name: string }
  | { readonly verb: "addElement" | "deleteElement"; readonly set: string; readonly element: NftElement };

/** What one `nft -f -` is fed; the kernel takes all of it or nothing, so no packet sees a half. */
export function formatTransaction(family: "ip" | "ip6", commands: readonly NftCommand[]): string {
  const at = `${family} ${TABLE_NAME}`;
  return commands.map((command) => `${formatCommand(command, at)}\n`).join("");
}

function formatCommand(command: NftCommand, at: string): string {
  switch (command.verb) {
    case "addTable":
      return `add table ${at} { comment "${TABLE_COMMENT}" ; }`;
    case "addChain":
      return formatAddChain(command.chain, at);
    case "flushChain":
      return `flush chain ${at} ${command.name}`;
    case "deleteChain":
      return `delete chain ${at} ${command.name}`;
    case "addRule":
      return formatAddRule(command.chain, command.rule, at);
    case "addSet":
      return formatAddSet(command.set, at);
    case "flushSet":
      return `flush ${command.kind} ${at} ${command.name}`;
    case "deleteSet":
      return `delete ${command.kind} ${at} ${command.name}`;
    case "addElement":
      return formatAddElement(command.set, command.element, at);
    case "deleteElement":
      return `delete element ${at} ${command.set} { ${command.element.key} }`;
  }
}
