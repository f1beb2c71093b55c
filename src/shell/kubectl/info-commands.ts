/** `kubectl cluster-info`, `config` and `api-resources`: what is known of the cluster as such. */
import { kinds } from "../../api/index.js";
import { compareText } from "../../base/names.js";
import { Ended, NotModelled, type Output, said } from "../output.js";
import type { CommandLine } from "./command-line.js";
import { helpText } from "./help.js";
import { TabWriter } from "./output/tab-writer.js";
import type { KubectlSource } from "./source.js";

/** As kind names the context of its cluster. */
const CONTEXT = "kind-kind";

function server(source: KubectlSource): string {
  const slice = source.get("EndpointSlice", "default", "kubernetes");
  const address = slice?.kind === "EndpointSlice" ? (slice.endpoints?.[0]?.addresses[0] ?? "127.0.0.1") : "127.0.0.1";
  return `https://${address.includes(":") ? `[${address}]` : address}:6443`;
}

export function clusterInfoCommand(line: CommandLine, source: KubectlSource): Output {
  if (line.args.length > 0) throw new NotModelled(`kubectl cluster-info ${line.args[0]}`);
  const url = server(source);
  const dns = source.get("Service", "kube-system", "kube-dns") === undefined ? "" : `CoreDNS is running at ${url}/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy\n`;
  return said(`Kubernetes control plane is running at ${url}\n${dns}\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n`);
}

/** There is one context, and it is the current one. */
export function configCommand(line: CommandLine, source: KubectlSource): Output {
  const [verb] = line.args;
  if (verb === undefined) throw new Ended(1, helpText(["config"]));
  if (verb === "current-context") return said(`${CONTEXT}\n`);
  const table = new TabWriter(6, 3);
  if (verb === "get-contexts") {
    table.write("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    table.write(`*\t${CONTEXT}\t${CONTEXT}\t${CONTEXT}\t\n`);
    return said(table.result());
  }
  if (verb === "get-clusters") return said(`NAME\n${CONTEXT}\n`);
  if (verb === "view") {
    const user = "    client-certificate-data: DATA+OMITTED\n    client-key-data: DATA+OMITTED\n";
    return said(
      `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: DATA+OMITTED\n    server: ${server(source)}\n  name: ${CONTEXT}\ncontexts:\n- context:\n    cluster: ${CONTEXT}\n    user: ${CONTEXT}\n  name: ${CONTEXT}\ncurrent-context: ${CONTEXT}\nkind: Config\npreferences: {}\nusers:\n- name: ${CONTEXT}\n  user:\n${user}`,
    );
  }
  throw new NotModelled(`kubectl config ${verb}`);
}

export function apiResourcesCommand(line: CommandLine): Output {
  const table = new TabWriter(6, 3);
  if (!line.has("no-headers")) table.write("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND\n");
  const namespaced = line.flag("namespaced");
  const group = (apiVersion: string): string => (apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "");
  const rows = kinds.filter((info) => namespaced === undefined || info.namespaced === (namespaced === "true"));
  const sorted = [...rows].sort((a, b) => compareText(group(a.apiVersion), group(b.apiVersion)) || compareText(a.plural, b.plural));
  if (line.flag("output") === "name") return said(sorted.map(({ plural, apiVersion }) => `${plural}${group(apiVersion) === "" ? "" : `.${group(apiVersion)}`}\n`).join(""));
  for (const { plural, shortNames, apiVersion, namespaced: inside, kind, written } of sorted) table.write(`${plural}\t${shortNames.join(",")}\t${apiVersion}\t${inside}\t${written ?? kind}\n`);
  return said(table.result());
}
