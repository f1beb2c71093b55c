/** What `kubectl describe` says of objects that only hold something. Read first: kubectl pkg/describe/describe.go, describeConfigMap, describeSecret and describeNamespace. */
import type { ConfigMap, Namespace, Secret } from "../../../api/index.js";
import type { KubectlSource } from "../source.js";
import { eventsAbout, Page, sortedEntries } from "./page.js";

export function describeConfigMap(map: ConfigMap, source: KubectlSource): string {
  const page = new Page();
  describeHead(page, map);
  page.line(0, "\nData\n====");
  for (const [key, value] of sortedEntries(map.data)) page.line(0, `${key}:\n----\n${value}\n`);
  page.line(0, "\nBinaryData\n====");
  for (const [key, value] of sortedEntries(map.binaryData)) page.line(0, `${key}: ${decodedLength(value)} bytes`);
  page.line(0, "");
  page.events(eventsAbout(source.events(), map), source.now());
  return page.text();
}

/** How long the values are, not what they are. */
export function describeSecret(secret: Secret): string {
  const page = new Page();
  describeHead(page, secret);
  page.line(0, `\nType:\t${secret.type ?? "Opaque"}`);
  page.line(0, "\nData\n====");
  for (const [key, value] of sortedEntries(secret.data)) page.line(0, `${key}:\t${decodedLength(value)} bytes`);
  return page.text();
}

/** Quotas and limit ranges are not modelled, so there are none. */
export function describeNamespace({ metadata, status }: Namespace): string {
  const page = new Page();
  page.line(0, `Name:\t${metadata.name}`);
  page.labels("Labels", metadata.labels);
  page.annotations(metadata.annotations);
  page.line(0, `Status:\t${status?.phase ?? ""}`);
  page.line(0, "\nNo resource quota.");
  page.line(0, "\nNo LimitRange resource.");
  return page.text();
}

function describeHead(page: Page, { metadata }: ConfigMap | Secret): void {
  page.line(0, `Name:\t${metadata.name}`);
  page.line(0, `Namespace:\t${metadata.namespace ?? ""}`);
  page.labels("Labels", metadata.labels);
  page.annotations(metadata.annotations);
}

/** The bytes behind base64 text. */
function decodedLength(text: string): number {
  const digits = text.replace(/[=\s]/g, "").length;
  return Math.floor((digits * 3) / 4);
}
