/** Random words to kubectl: an answer with an exit code, or "not modelled", never an exception. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/api/index.js";
import { Kubectl } from "../../../src/shell/kubectl/index.js";
import * as f from "./fixture.js";

const all: readonly KubeObject[] = [...f.nodes, ...f.pods, ...f.services, ...f.slices, ...f.policies, f.deployment];
const WORDS = (
  "get describe logs exec apply delete scale rollout label annotate taint cordon drain run create expose top explain pods po pod/web svc services deploy deployment/web nodes netpol all events endpointslices widgets " +
  "-n -A -l -o -w --watch --namespace default kube-system app=web app!=web 'app in (a,b)' wide json yaml name jsonpath={.items[*].metadata.name} jsonpath={ jsonpath={.items[?(@.a==1)]} custom-columns=A:.metadata.name custom-columns=A go-template={{.}} " +
  "--sort-by=.metadata.name --field-selector=status.phase=Running --show-labels --no-headers -f - --all --replicas=3 status undo restart --to-revision=1 -- sh -c a=b a- --overwrite --dry-run=client -it --previous web web-6b7c5d8f9-abcde kind-worker"
).split(" ");
const word = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...WORDS) }, { weight: 1, arbitrary: fc.string({ maxLength: 12 }) });

test("no command line makes kubectl fall over", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(word, { maxLength: 8 }).map((words) => words.join(" ")),
        fc.string({ maxLength: 60 }),
      ),
      (command) => {
        const { code, text } = new Kubectl(f.sourceOf(all, f.twoEvents)).run(command);
        expect(Number.isInteger(code)).toBe(true);
        expect(typeof text).toBe("string");
      },
    ),
    { numRuns: 1500 },
  );
});
