/** The training notes in ../shared/seeds, as far as they are YAML: each fenced manifest by its kind and name. */
import { readdirSync, readFileSync } from "node:fs";
import { shared } from "../../support/shared.js";

/** Every fenced YAML block of the notes, by "Kind name". */
export function manifestsOfNotes(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const folder = `${shared}/seeds`;
  for (const file of readdirSync(folder).sort()) {
    for (const [, indent = "", block = ""] of readFileSync(`${folder}/${file}`, "utf8").matchAll(/^([ ]*)```yaml\n([\s\S]*?)^[ ]*```/gm)) {
      const text = block.split("\n").map((line) => line.slice(line.startsWith(indent) ? indent.length : 0)).join("\n");
      found.set(`${/^kind: (.*)$/m.exec(text)?.[1]} ${/^\s+name: "?([^"\n]*)"?$/m.exec(text)?.[1] ?? ""}`.trim(), text);
    }
  }
  return found;
}

/** What the notes only hint at: who is behind `app: my-app`, and the pods of the policies. */
export function serverPod(name: string, labels: Readonly<Record<string, string>>, namespace = "default", port = 8080): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels }, spec: { containers: [{ name: "api", image: "myapi:v1", ports: [{ containerPort: port }] }] } };
}

/** The two policies whose indentation the notes have lost. */
export const POLICIES = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: deny-all
  namespace: production
spec:
  podSelector: {}
  policyTypes:
  - Ingress
  - Egress
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-frontend-to-backend
  namespace: production
spec:
  podSelector:
    matchLabels:
      app: backend
  policyTypes:
  - Ingress
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: frontend
    ports:
    - protocol: TCP
      port: 8080
`;
