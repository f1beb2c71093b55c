/** Filters as they are after reading: plain records, walked by `filter/evaluate.ts`. */
import type { Value } from "../filter/value.js";

export type Expression =
  | { readonly op: "constant"; readonly value: Value }
  /** a local variable, an argument, or a constant that `define` made */
  | { readonly op: "variable"; readonly name: string }
  /** an attribute that a route may lack: bgp_med, krt_metric ... */
  | { readonly op: "attribute"; readonly name: string }
  /** what every route has: net, proto, source ... */
  | { readonly op: "field"; readonly name: string }
  | { readonly op: "binary"; readonly sign: string; readonly a: Expression; readonly b: Expression }
  | { readonly op: "not"; readonly a: Expression }
  /** `a.len`, `a.mask(8)`, `a.add((1,2))` */
  | { readonly op: "member"; readonly a: Expression; readonly name: string; readonly args: readonly Expression[] }
  | { readonly op: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly op: "defined"; readonly a: Expression }
  | { readonly op: "prefix"; readonly a: Expression; readonly length: Expression }
  | { readonly op: "pair"; readonly items: readonly Expression[] }
  | { readonly op: "set"; readonly items: readonly SetItemTree[] }
  | { readonly op: "path-mask"; readonly items: readonly PathItemTree[] };

/** One element of `[ ... ]`. */
export type SetItemTree =
  | { readonly kind: "range"; readonly from: Expression; readonly to: Expression }
  /** a prefix with the lengths that fit: `10.0.0.0/8+`, `{24,32}` */
  | { readonly kind: "prefix"; readonly net: Expression; readonly form: "" | "+" | "-" | "range"; readonly low: number; readonly high: number }
  /** `(65001, *)`: each half a number, a range or any */
  | { readonly kind: "pairs"; readonly parts: readonly { readonly from: Expression | null; readonly to: Expression | null }[] };

export type PathItemTree = { readonly kind: "*" | "?" | "+" } | { readonly kind: "as"; readonly from: Expression; readonly to: Expression } | { readonly kind: "set"; readonly set: Expression };

export type Statement =
  | { readonly do: "if"; readonly test: Expression; readonly then: readonly Statement[]; readonly otherwise: readonly Statement[] }
  | { readonly do: "accept" | "reject"; readonly message: readonly Expression[] }
  | { readonly do: "return"; readonly value: Expression | null }
  | { readonly do: "print"; readonly items: readonly Expression[] }
  | { readonly do: "declare"; readonly type: string; readonly name: string; readonly value: Expression | null }
  /** `kind` tells where the left side lies */
  | { readonly do: "assign"; readonly kind: "variable" | "attribute" | "field"; readonly name: string; readonly value: Expression }
  | { readonly do: "unset"; readonly name: string }
  | { readonly do: "expression"; readonly value: Expression }
  | { readonly do: "block"; readonly body: readonly Statement[] }
  | { readonly do: "case"; readonly value: Expression; readonly arms: readonly { readonly items: readonly SetItemTree[] | null; readonly body: readonly Statement[] }[] };

/** A function that the configuration defines. */
export interface FunctionTree {
  readonly args: readonly { readonly type: string; readonly name: string }[];
  readonly body: readonly Statement[];
}
