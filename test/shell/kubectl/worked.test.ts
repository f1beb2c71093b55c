import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import type { Event, KubeObject } from "../../../src/api/index.js";
import { Kubectl } from "../../../src/shell/kubectl/index.js";
import { describeWith, needs } from "../../support/requires.js";
import { shared } from "../../support/shared.js";
import * as f from "./fixture.js";

// The worked screens of the facts' section on kubectl v1.33, made there from kubectl's own printers (not recorded from a
// run of it; `described.test.ts` and `output.test.ts` hold recordings). A screen of `describe node` goes to its provider line.
interface Screen {
  readonly command: string;
  readonly text: string;
}

function screensOf(facts: string): Screen[] {
  const section = facts.slice(facts.indexOf("\n## 10. "));
  const blocks = [...section.matchAll(/^```\n([\s\S]*?)^```$/gm)].map((block) => block[1]!);
  return blocks
    .join("\n")
    .split(/^\$ kubectl /m)
    .slice(1)
    .map((part) => ({ command: part.slice(0, part.indexOf("\n")), text: part.slice(part.indexOf("\n") + 1).replace(/\n\n$/, "\n") }));
}

const screens = shared === null ? [] : screensOf(readFileSync(resolve(shared, "facts/control-plane.md"), "utf8"));

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

describeWith("worked screens", [needs.shared], () => {
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
