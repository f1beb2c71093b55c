/** A line of a tool that prints text or JSON from the same values (lib/json_print.c): each field has its words and its member. */
import type { Json } from "./json-text.js";

export interface Field {
  /** name of the member; "" where JSON has none */
  readonly key: string;
  readonly value: Json;
  /** words; "" where the text has none */
  readonly text: string;
}

export function fieldsText(fields: readonly Field[]): string {
  return fields.flatMap(({ text }) => (text === "" ? [] : [text])).join(" ");
}

export function fieldsObject(fields: readonly Field[]): { readonly [key: string]: Json } {
  return Object.fromEntries(fields.flatMap(({ key, value }) => (key === "" ? [] : [[key, value]])));
}
