import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Event, KubeObject } from "../../../src/api/index.js";
import { Kubectl } from "../../../src/shell/kubectl/index.js";
import * as f from "./fixture.js";

// Screens of a real kubectl v1.33, byte for byte. A screen of `describe node` is recorded to its provider line.
const recorded = readFileSync(fileURLToPath(new URL("./recorded/worked.txt", import.meta.url)), "utf8");
const screens = recorded
  .split(/^\$ kubectl /m)
  .slice(1)
  .map((part) => ({ command: part.slice(0, part.indexOf("\n")), text: part.slice(part.indexOf("\n") + 1).replace(/\n\n$/, "\n") }));

interface Stage {
  readonly objects: readonly KubeObject[];
  readonly events?: readonly Event[];
  readonly now?: number;
}

const described = [...f.describedServices, ...f.slices, ...f.ingresses, ...f.policies];
const STAGES: Readonly<Record<string, Stage>> = {
  "get nodes": { objects: f.nodes },
  "get nodes -o wide": { objects: f.nodes },
  "get pods -A -o wide": { objects: f.pods },
  "get svc": { objects: f.services },
  "get svc -o wide": { objects: f.services },
  "get endpoints": { objects: f.endpoints },
  "get endpointslices": { objects: f.slices },
  "get networkpolicies": { objects: f.policies },
  "get ingress": { objects: f.ingresses },
  "get events": { objects: [], events: f.twoEvents },
  "get events -o wide": { objects: [], events: f.twoEvents },
  events: { objects: [], events: f.threeEvents, now: f.NOW + 2 },
  "get deploy -o wide": { objects: [f.deployment] },
  "describe networkpolicy web-policy": { objects: described },
  "describe networkpolicy deny-all": { objects: described },
  "describe svc web": { objects: described, events: f.serviceEvents },
  "describe svc api": { objects: described },
  "describe ingress site": { objects: described },
  "describe ingress only-default": { objects: described },
  "describe pod web-6b7c5d8f9-abcde": { objects: f.describedPods, events: f.threeEvents, now: f.NOW + 2 },
  "describe pod stuck": { objects: f.describedPods, events: f.stuckEvents },
  "describe endpointslice web-4x7kq": { objects: f.slices },
  "describe node kind-worker": { objects: [f.describedNode] },
};

const WARNING = "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n";

describe("recorded screens", () => {
  test("each has its stage", () => {
    expect(screens.map((s) => s.command).sort()).toEqual(Object.keys(STAGES).sort());
  });

  test.each(screens)("$command", ({ command, text }) => {
    const { objects, events, now } = STAGES[command]!;
    const said = new Kubectl(f.sourceOf(objects, events, now)).run(command);
    expect(said.code).toBe(0);
    if (command.startsWith("describe node")) expect(said.text.slice(0, text.length)).toBe(text);
    else expect(said.text).toBe(command === "get endpoints" ? WARNING + text : text);
  });
});
