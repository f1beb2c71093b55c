/** Values of filters: plain records told apart by `t`. Addresses and prefixes are their shortest text. */
import type { PathSegment } from "../../../packet/wire/bgp-attributes.js";

export type Value =
  | { readonly t: "void" }
  | { readonly t: "int" | "quad" | "pair"; readonly v: number }
  | { readonly t: "bool"; readonly v: boolean }
  | { readonly t: "ip" | "prefix" | "string" | "enum"; readonly v: string }
  | { readonly t: "lc"; readonly v: readonly [number, number, number] }
  | { readonly t: "clist"; readonly v: readonly number[] }
  | { readonly t: "lclist"; readonly v: readonly (readonly [number, number, number])[] }
  | { readonly t: "path"; readonly v: readonly PathSegment[] }
  | { readonly t: "set"; readonly v: readonly SetItem[] }
  | { readonly t: "mask"; readonly v: readonly MaskItem[] };

export type SetItem =
  | { readonly kind: "range"; readonly from: Value; readonly to: Value }
  | { readonly kind: "prefix"; readonly net: string; readonly low: number; readonly high: number }
  | { readonly kind: "parts"; readonly parts: readonly (readonly [number, number])[] };

export type MaskItem = { readonly kind: "*" } | { readonly kind: "?" } | { readonly kind: "+" } | { readonly kind: "as"; readonly from: number; readonly to: number } | { readonly kind: "set"; readonly set: readonly SetItem[] };

export const VOID: Value = Object.freeze({ t: "void" });
export const int = (v: number): Value => ({ t: "int", v });
export const bool = (v: boolean): Value => ({ t: "bool", v });
