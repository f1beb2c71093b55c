// The chains that choose an endpoint, KUBE-SVC- and KUBE-SVL-, and the chain of each endpoint, KUBE-SEP-.

import type { EndpointChoice } from "../endpoint-choice.js";
import { type EndpointInfo, type ServicePortInfo, usesClusterEndpoints, usesLocalEndpoints } from "../service-port-info.js";
import { endpointChainName, type ServiceChainNames } from "./chain-names.js";
import type { CauseOf } from "../cause-of.js";
import type { RestoreRule } from "./restore-doc.js";
import type { ChainRules } from "./service-chains.js";

/** `large` leaves the comments out, as kube-proxy does beyond a thousand endpoints. */
export function endpointChains(
  port: ServicePortInfo,
  choice: EndpointChoice,
  names: ServiceChainNames,
  large: boolean,
  causeOf: CauseOf,
): ChainRules {
  const chains: string[] = [];
  const rules: RestoreRule[] = [];
  const targets = new Map(choice.reachable.map((endpoint) => [endpoint.text, endpointTarget(port, endpoint, large, causeOf)]));
  const balance = (chain: string, endpoints: readonly EndpointInfo[]): void => {
    chains.push(chain);
    rules.push(
      ...balancingRules(
        chain,
        port,
        endpoints.map((endpoint) => targets.get(endpoint.text)!),
      ),
    );
  };
  if (choice.cluster.length > 0 && usesClusterEndpoints(port)) balance(names.cluster, choice.cluster);
  if (choice.local.length > 0 && usesLocalEndpoints(port)) balance(names.local, choice.local);
  for (const target of targets.values()) {
    chains.push(target.chain);
    rules.push(...endpointRules(port, target, large));
  }
  return { chains, rules };
}

interface EndpointTarget {
  readonly endpoint: EndpointInfo;
  readonly chain: string;
  /** Match with the comment of balancing rules, with a blank behind it, or nothing. */
  readonly comment: string;
  readonly cause: number;
}

function endpointTarget(port: ServicePortInfo, endpoint: EndpointInfo, large: boolean, causeOf: CauseOf): EndpointTarget {
  return {
    endpoint,
    chain: endpointChainName(port, endpoint),
    comment: large ? "" : `-m comment --comment "${port.title} -> ${endpoint.text}" `,
    cause: causeOf(`EndpointSlice ${endpoint.slice}`, endpoint.path),
  };
}

function balancingRules(chain: string, port: ServicePortInfo, targets: readonly EndpointTarget[]): readonly RestoreRule[] {
  const rules: RestoreRule[] = [];
  if (port.affinitySeconds > 0) {
    for (const { chain: to, comment, cause } of targets) {
      const spec = `${comment}-m recent --name ${to} --rcheck --seconds ${port.affinitySeconds} --reap -j ${to}`;
      rules.push({ chain, spec, cause });
    }
  }
  targets.forEach(({ chain: to, comment, cause }, index) => {
    const left = targets.length - index;
    const chance = left === 1 ? "" : `-m statistic --mode random --probability ${probability(left)} `;
    rules.push({ chain, spec: `${comment}${chance}-j ${to}`, cause });
  });
  return rules;
}

/** Chance of the first of `n` equals with ten decimals, an exact half rounded to even as Go's `%0.10f` does. */
export function probability(n: number): string {
  const scaled = 1e10 / n;
  const isExactHalf = (n & (n - 1)) === 0 && scaled % 1 === 0.5;
  return isExactHalf ? ((2 * Math.round(scaled / 2)) / 1e10).toFixed(10) : (1 / n).toFixed(10);
}

function endpointRules(port: ServicePortInfo, target: EndpointTarget, large: boolean): readonly RestoreRule[] {
  const { endpoint, chain, cause } = target;
  const comment = large ? "" : `-m comment --comment ${port.title} `;
  const remember = port.affinitySeconds > 0 ? `-m recent --name ${chain} --set ` : "";
  return [
    { chain, spec: `${comment}-s ${endpoint.ip} -j KUBE-MARK-MASQ`, cause },
    { chain, spec: `${comment}${remember}-m ${port.protocol} -p ${port.protocol} -j DNAT --to-destination ${endpoint.text}`, cause },
  ];
}
